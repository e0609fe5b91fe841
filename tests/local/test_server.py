import asyncio
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from aiollm.exceptions import NotFoundError, ServiceUnavailableError
from aiollm.local.process import LocalServer
from aiollm.local.server import serve, stop_all
from tests.local.conftest import servers_of, wait_for_end

pytestmark = pytest.mark.slow

Run = Callable[[str], subprocess.Popen[str]]


async def stream_answer(server: LocalServer) -> list[str]:
    """Return the pieces of a streamed answer, read with plain aiohttp."""
    body = {"messages": [{"role": "user", "content": "Say hi."}], "max_tokens": 8, "stream": True}
    headers = {"Authorization": f"Bearer {server.secret.reveal()}"}
    pieces = []
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.base_url}/chat/completions", json=body, headers=headers) as reply,
    ):
        assert reply.status == 200
        text = await reply.text()
    events = [event.removeprefix("data: ") for event in text.split("\n\n") if event]
    assert events[-1] == "[DONE]"
    for event in events[:-1]:
        chunk = json.loads(event)
        assert chunk["model"] == "smollm2"
        pieces += [choice["delta"]["content"] for choice in chunk["choices"] if choice["delta"].get("content")]
    return pieces


async def test_first_use_starts_a_server_that_streams(built_in: str) -> None:
    assert len(await stream_answer(await serve(built_in))) > 1


async def test_later_uses_find_the_same_server_under_any_of_its_names(built_in: str) -> None:
    first = await serve(built_in)
    assert await serve(built_in) is first
    assert await serve("SmolLM2-135M-Instruct") is first
    assert len(servers_of(os.getpid())) == 1


async def test_a_hundred_first_uses_at_once_start_one_server(built_in: str) -> None:
    servers = await asyncio.gather(*(serve(built_in) for _ in range(100)))
    assert set(map(id, servers)) == {id(servers[0])}
    assert len(servers_of(os.getpid())) == 1


def test_a_second_event_loop_finds_the_same_server(built_in: str) -> None:
    first = asyncio.run(serve(built_in))
    assert asyncio.run(serve(built_in)) is first
    assert asyncio.run(stream_answer(first))


def test_loops_in_threads_start_one_server_that_outlives_the_threads(built_in: str) -> None:
    found: list[LocalServer] = []
    together = threading.Barrier(4)

    def use() -> None:
        together.wait()
        found.append(asyncio.run(serve(built_in)))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert set(map(id, found)) == {id(found[0])}
    assert asyncio.run(stream_answer(found[0]))


async def test_a_server_that_died_is_replaced(built_in: str) -> None:
    first = await serve(built_in)
    (process,) = servers_of(os.getpid())
    os.kill(process, signal.SIGKILL)
    assert wait_for_end(process)
    second = await serve(built_in)
    assert second != first
    assert await stream_answer(second)


async def test_cancelling_the_first_use_leaves_no_process(built_in: str) -> None:
    task = asyncio.create_task(serve(built_in))
    await asyncio.sleep(0)
    assert len(servers_of(os.getpid())) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert servers_of(os.getpid()) == []


async def test_cancelling_the_first_use_does_not_take_the_server_from_others(built_in: str) -> None:
    first = asyncio.create_task(serve(built_in))
    await asyncio.sleep(0)
    second = asyncio.create_task(serve(built_in))
    await asyncio.sleep(0)
    first.cancel()
    assert await stream_answer(await second)
    assert first.cancelled()


async def test_cancelling_one_who_waits_does_not_disturb_the_start(built_in: str) -> None:
    first = asyncio.create_task(serve(built_in))
    await asyncio.sleep(0)
    second = asyncio.create_task(serve(built_in))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert await stream_answer(await first)


async def test_a_loop_that_closed_while_it_waited_does_not_disturb_the_start(built_in: str) -> None:
    first = asyncio.create_task(serve(built_in))
    await asyncio.sleep(0)

    def wait_in_vain() -> None:
        with pytest.raises(TimeoutError):
            asyncio.run(asyncio.wait_for(serve(built_in), 0.01))

    await asyncio.to_thread(wait_in_vain)
    assert await stream_answer(await first)


async def test_stopping_during_a_start_fails_the_start(built_in: str) -> None:
    task = asyncio.create_task(serve(built_in))
    await asyncio.sleep(0)
    stop_all()
    with pytest.raises(ServiceUnavailableError, match="it was stopped"):
        await task
    assert servers_of(os.getpid()) == []


async def test_a_stopped_server_is_started_anew(built_in: str) -> None:
    first = await serve(built_in)
    stop_all()
    assert await serve(built_in) != first


async def test_a_broken_file_is_tried_once_for_all_who_wait_and_again_later(broken_file: Path) -> None:
    for _ in range(2):
        errors = await asyncio.gather(*(serve(str(broken_file)) for _ in range(20)), return_exceptions=True)
        assert {type(error) for error in errors} == {ServiceUnavailableError}
        assert len(set(map(id, errors))) == 20
        assert len(set(map(str, errors))) == 1
        assert "invalid magic characters" in str(errors[0])
    assert servers_of(os.getpid()) == []


async def test_an_unknown_model_starts_nothing() -> None:
    with pytest.raises(NotFoundError):
        await serve("gpt-4o")
    assert servers_of(os.getpid()) == []


SERVE = """
import asyncio, os, sys
from aiollm.local.server import serve
server = asyncio.run(serve("smollm2"))
print("serving", flush=True)
"""

WAIT = "sys.stdin.read()\n"

LOAD_AND_WAIT = """
import asyncio, sys
from aiollm.local.server import serve
async def main():
    task = asyncio.create_task(serve("smollm2"))
    await asyncio.sleep(0)
    print("loading", flush=True)
    sys.stdin.read()
asyncio.run(main())
"""

FORK = """
pid = os.fork()
if pid == 0:
    mine = asyncio.run(serve("smollm2"))
    print("own", mine != server, flush=True)
    sys.exit(0)
_, status = os.waitpid(pid, 0)
print("status", status, "kept", asyncio.run(serve("smollm2")) is server, flush=True)
"""

FORK_THAT_STAYS = (
    """
pid = os.fork()
if pid:
    print(pid, flush=True)
"""
    + WAIT
)


def read_line(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    return program.stdout.readline().rstrip("\n")


def test_the_server_ends_with_the_interpreter_and_prints_nothing(packages: Path, run_program: Run) -> None:
    program = run_program(SERVE + WAIT)
    assert read_line(program) == "serving"
    (process,) = servers_of(program.pid)
    assert program.communicate() == ("", "")
    assert program.returncode == 0
    assert wait_for_end(process)


@pytest.mark.parametrize(("source", "said"), [(SERVE + WAIT, "serving"), (LOAD_AND_WAIT, "loading")])
def test_the_server_ends_with_a_killed_parent(source: str, said: str, packages: Path, run_program: Run) -> None:
    program = run_program(source)
    assert read_line(program) == said
    (process,) = servers_of(program.pid)
    program.kill()
    assert wait_for_end(process)


def test_a_fork_starts_its_own_server_and_leaves_the_other_alone(packages: Path, run_program: Run) -> None:
    program = run_program(SERVE + FORK)
    assert program.communicate() == ("serving\nown True\nstatus 0 kept True\n", "")


def test_a_fork_that_lives_on_does_not_keep_the_server_of_a_killed_parent(packages: Path, run_program: Run) -> None:
    program = run_program(SERVE + FORK_THAT_STAYS)
    assert read_line(program) == "serving"
    fork = int(read_line(program))
    (process,) = set(servers_of(program.pid)) - {fork}
    program.kill()
    assert wait_for_end(process)
    os.kill(fork, signal.SIGKILL)

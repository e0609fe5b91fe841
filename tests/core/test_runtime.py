from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from aiollm.core import runtime
from aiollm.core.runtime import LoopThread, Runtime
from aiollm.exceptions import UnsupportedRuntime
from aiollm.testing import ProviderServer
from tests.engine.calling import answered, collected, opened, text_of
from tests.programs import run


def test_six_runs_in_a_row_make_no_error_and_no_noise() -> None:
    program = """
    async def calls(base):
        for stream in (True, False, True, False, True):
            result = await aiollm.acompletion(**CALL, api_base=base, stream=stream)
            if stream:
                async for chunk in result:
                    pass

    with ProviderServer() as server:
        for _ in range(6):
            asyncio.run(calls(server.base_url))
        print(len(server.log), server.connections)
    """
    assert run(program) == "30 6"


def test_a_run_that_ends_in_mid_stream_closes_it_without_noise() -> None:
    program = """
    async def main(base):
        stream = await aiollm.acompletion(**CALL, api_base=base, stream=True)
        await anext(stream)
        return stream

    with ProviderServer() as server:
        server.script([role(), tokens("a b"), stall()])
        stream = asyncio.run(main(server.base_url))
        server.run(server.wait_for_disconnect(0))
        asyncio.run(stream.aclose())
        print(stream.closed, server.log[0].disconnected_by)
    """
    assert run(program) == "True client"


def test_a_loop_that_is_closed_without_its_shutdown_leaves_no_noise() -> None:
    program = """
    async def call(base):
        stream = await aiollm.acompletion(**CALL, api_base=base, stream=True)
        async for chunk in stream:
            pass

    with ProviderServer() as server:
        for _ in range(3):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(call(server.base_url))
            loop.close()
        asyncio.run(call(server.base_url))
        print(len(server.log))
    """
    assert run(program, options=()) == "4"


def test_a_loop_that_is_never_closed_leaves_no_noise_at_the_end() -> None:
    program = """
    async def call(base):
        return await aiollm.acompletion(**CALL, api_base=base)

    with ProviderServer() as server:
        loop = asyncio.new_event_loop()
        print(loop.run_until_complete(call(server.base_url)).choices[0].message.content)
    """
    assert run(program, options=()) == "Hello from the scripted provider."


def test_threads_with_loops_of_their_own_share_nothing() -> None:
    results: list[str] = []

    async def calls(server: ProviderServer) -> None:
        for _ in range(3):
            chunks, error = await collected(await opened(server))
            assert error is None
            results.append(text_of(chunks))

    with ProviderServer() as server:
        server.reply("hello")
        threads = [threading.Thread(target=asyncio.run, args=(calls(server),)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == ["hello"] * 24
        assert server.connections == 8


async def test_a_loop_has_one_runtime() -> None:
    assert Runtime.current() is Runtime.current()
    assert Runtime.current().loop is asyncio.get_running_loop()


def test_without_a_loop_there_is_no_runtime() -> None:
    with pytest.raises(UnsupportedRuntime, match=r"aiollm\.completion"):
        Runtime.current()


def test_the_runtime_ends_with_its_loop() -> None:
    async def pool_of_run() -> object:
        async with ProviderServer() as server:
            await answered(server)
        return Runtime.current().pool

    pool = asyncio.run(pool_of_run())
    assert pool._connector.closed
    gc.collect()
    assert all(not known.loop.is_closed() for known in list(runtime._runtimes.values()))


# -- the loop thread


@pytest.fixture
def thread() -> object:
    started = LoopThread("aiollm-test")
    started.start()
    yield started
    started.stop()


async def _where() -> threading.Thread:
    return threading.current_thread()


def test_work_runs_on_the_threads_loop(thread: LoopThread) -> None:
    assert thread.run(_where()).name == "aiollm-test"
    assert not thread.owns_current_thread()

    async def inside() -> bool:
        return thread.owns_current_thread() and asyncio.get_running_loop() is thread.loop

    assert thread.run(inside())


def test_an_error_is_raised_in_the_callers_thread(thread: LoopThread) -> None:
    async def fail() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        thread.run(fail())


def test_stopping_cancels_what_runs(thread: LoopThread) -> None:
    ended = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    work = thread.submit(wait())
    thread.run(asyncio.sleep(0))
    thread.stop()
    assert ended.is_set()
    assert work.cancelled()
    assert thread.loop.is_closed()
    thread.stop()


def test_the_thread_is_a_daemon(thread: LoopThread) -> None:
    assert thread.run(_where()).daemon


class Kept:
    def __init__(self, closed: list[Kept]) -> None:
        self._closed = closed

    async def aclose(self) -> None:
        assert Runtime.current().loop is asyncio.get_running_loop()
        self._closed.append(self)


def test_what_a_loop_keeps_for_an_owner_is_made_once_and_closed_with_the_loop() -> None:
    owner, other, closed = object(), object(), list[Kept]()

    async def main() -> list[Kept]:
        return [Runtime.current().keep(one, lambda: Kept(closed)) for one in (owner, other, owner)]

    first = asyncio.run(main())
    assert first[0] is first[2]
    assert closed == first[:2]
    assert asyncio.run(main())[0] is not first[0]
    assert len(closed) == 4


async def test_what_is_dropped_is_closed_and_made_anew() -> None:
    closed = list[Kept]()
    runtime = Runtime.current()
    kept = runtime.keep("owner", lambda: Kept(closed))
    await runtime.drop("owner")
    await runtime.drop("owner")
    assert closed == [kept]
    assert runtime.keep("owner", lambda: Kept(closed)) is not kept
    await runtime.drop("owner")

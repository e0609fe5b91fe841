import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiollm.exceptions import ServiceUnavailableError
from aiollm.local.process import ChildProcess, LocalServer
from aiollm.local.weights import find_weights
from tests.local.conftest import servers_of

pytestmark = pytest.mark.slow


@pytest.fixture
def child(packages: Path) -> Iterator[ChildProcess]:
    started = ChildProcess("smollm2", find_weights("smollm2"))
    started.start(packages, threads=1)
    yield started
    started.stop()


async def served(child: ChildProcess) -> LocalServer:
    while (server := child.poll()) is None:  # noqa: ASYNC110 - another process has no event to wait for
        await asyncio.sleep(0.01)
    return server


async def test_it_becomes_a_server_with_a_url_and_a_secret(child: ChildProcess) -> None:
    assert child.poll() is None
    server = await served(child)
    assert server.base_url.startswith("http://127.0.0.1:")
    assert server.base_url.endswith("/v1")
    assert len(server.secret.reveal()) >= 32
    assert server.secret.reveal() not in repr((server, child))
    assert child.poll() is child.server is server


async def test_it_has_a_session_of_its_own_out_of_reach_of_the_terminal(child: ChildProcess) -> None:
    (process,) = servers_of(os.getpid())
    assert os.getsid(process) == process


async def test_stopping_leaves_no_process_and_may_be_repeated(child: ChildProcess) -> None:
    assert child.is_running()
    child.stop()
    child.stop()
    assert not child.is_running()
    assert servers_of(os.getpid()) == []


async def test_a_stopped_child_is_said_to_be_stopped(child: ChildProcess) -> None:
    child.stop()
    with pytest.raises(ServiceUnavailableError, match="'smollm2' did not start: it was stopped"):
        child.poll()


async def test_a_killed_child_is_said_to_be_killed(child: ChildProcess) -> None:
    (process,) = servers_of(os.getpid())
    os.kill(process, 9)
    with pytest.raises(ServiceUnavailableError, match="killed by SIGKILL"):
        await served(child)


async def test_a_file_that_is_no_model_is_answered_with_the_first_error_logged(
    broken_file: Path, packages: Path
) -> None:
    child = ChildProcess("broken", broken_file)
    child.start(packages, threads=1)
    with pytest.raises(ServiceUnavailableError, match="invalid magic characters") as caught:
        await served(child)
    child.stop()
    assert str(broken_file) in str(caught.value)
    assert caught.value.retryable is False


@pytest.mark.parametrize(
    ("runtime", "said"),
    [
        pytest.param(
            "raise ImportError('this C library is too old')",
            "ImportError: this C library is too old",
            id="with its last line",
        ),
        pytest.param("raise SystemExit(3)", "ended with status 3", id="or else with its status"),
    ],
)
async def test_a_runtime_that_ends_is_answered(
    runtime: str, said: str, tmp_path: Path, broken_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xllamacpp.py").write_text(runtime)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    child = ChildProcess("broken", broken_file)
    child.start(tmp_path, threads=1)
    with pytest.raises(ServiceUnavailableError, match=said):
        await served(child)
    child.stop()


async def test_the_runtime_gets_the_threads_and_may_print_what_it_likes(
    tmp_path: Path, broken_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xllamacpp.py").write_text(
        "from types import SimpleNamespace as Some\n"
        "print('x' * 100_000, flush=True)\n"
        "print('no line end', end='', flush=True)\n"
        "CommonParams = lambda: Some(model=Some(), cpuparams=Some(), cpuparams_batch=Some())\n"
        "Server = lambda params: Some(listening_address=f'http://{params.hostnames[0]}:{params.cpuparams.n_threads}')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    child = ChildProcess("any", broken_file)
    child.start(tmp_path, threads=9)
    assert (await served(child)).base_url == "http://127.0.0.1:9/v1"
    child.stop()


@pytest.mark.parametrize("interpreter", ["", "/nowhere/python"])
def test_an_interpreter_that_cannot_be_run_is_named(
    interpreter: str, broken_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", interpreter)
    child = ChildProcess("broken", broken_file)
    with pytest.raises(ServiceUnavailableError, match=f"{interpreter or 'the interpreter'} cannot be run"):
        child.start(broken_file.parent, threads=1)

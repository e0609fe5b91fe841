"""Behind gunicorn with the application preloaded: the master has a stream open when it forks its workers."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aiollm.testing import ProviderServer, done, finish, role, stall, tokens
from aiollm.testing.log import LoggedRequest
from tests.programs import environment

pytest.importorskip("gunicorn")
pytestmark = pytest.mark.slow

LIMIT = 30.0  # seconds until something that takes one or two has happened
APPLICATION = """
import asyncio, os, threading
from pathlib import Path
import aiollm

OPTIONS = dict(model="openai/scripted", messages=[{"role": "user", "content": "hi"}], api_key="sk-test")

def text(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

async def astream():
    stream = await aiollm.acompletion(**OPTIONS, stream=True)
    return text([chunk async for chunk in stream])

def read_on(stream):
    Path("master.txt").write_text(text(stream))

# In the master: calls that have ended, and a stream that is still read while the workers work.
print("master", text(aiollm.completion(**OPTIONS, stream=True)), asyncio.run(astream()), flush=True)
threading.Thread(target=read_on, args=(aiollm.completion(**OPTIONS, stream=True, user="master"),), daemon=True).start()

def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    stream = aiollm.completion(**OPTIONS, stream=True)
    return [f"{os.getpid()} {text(stream)}".encode()]

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    body = f"{os.getpid()} {await astream()}".encode()
    await send({"type": "http.response.body", "body": body})
"""


def wait_for(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.02)


class Gunicorn:
    """A running gunicorn: `ask` sends a request and returns the worker's process id and what it answered."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        (folder / "application.py").write_text(APPLICATION)
        self._log = folder / "log.txt"
        command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-m", "gunicorn", "--preload"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--bind", "127.0.0.1:0", "--workers", "2", "--graceful-timeout", "10", *arguments],
                cwd=folder,
                env=environment(**variables),
                stdout=log,
                stderr=log,
            )

    def said(self) -> str:
        return self._log.read_text()

    def ask(self) -> tuple[int, str]:
        wait_for(lambda: "Listening at" in self.said(), "gunicorn's start")
        port = re.findall(r"Listening at: http://127.0.0.1:(\d+)", self.said())[0]
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=LIMIT)
        try:
            connection.request("GET", "/")
            worker, text = connection.getresponse().read().decode().split(" ", 1)
        finally:
            connection.close()
        return int(worker), text

    def workers_that_answer(self, count: int) -> set[int]:
        """Ask until that many workers have answered rightly."""
        seen: set[int] = set()

        def ask() -> bool:
            worker, text = self.ask()
            assert text == "a b"
            seen.add(worker)
            return len(seen) >= count

        wait_for(ask, f"an answer from {count} workers")
        return seen


@contextmanager
def running(folder: Path, *arguments: str, **variables: str) -> Iterator[Gunicorn]:
    gunicorn = Gunicorn(folder, *arguments, **variables)
    try:
        yield gunicorn
        gunicorn.process.send_signal(signal.SIGTERM)
        assert gunicorn.process.wait(LIMIT) == 0, gunicorn.said()
        assert not re.search("Traceback|Warning|Exception|CRITICAL", gunicorn.said()), gunicorn.said()
    finally:
        gunicorn.process.kill()
        gunicorn.process.wait()


def script(request: LoggedRequest) -> list[object]:
    pause = [stall(3.0)] if request.member("user") == "master" else []
    return [role(), tokens("a"), *pause, tokens(" b"), finish(), done()]


@pytest.mark.parametrize(
    ("application", "worker"), [("application:wsgi", ("gthread", "--threads", "4")), ("application:asgi", ("asgi",))]
)
def test_workers_answer_before_and_after_a_reload_and_the_masters_stream_goes_on(
    tmp_path: Path, application: str, worker: tuple[str, ...]
) -> None:
    with ProviderServer() as server:
        server.script(script)
        with running(tmp_path, "--worker-class", *worker, application, OPENAI_BASE_URL=server.base_url) as gunicorn:
            first = gunicorn.workers_that_answer(2)
            assert "master a b a b" in gunicorn.said()
            os.kill(gunicorn.process.pid, signal.SIGHUP)
            wait_for(lambda: gunicorn.ask()[0] not in first, "the reload")
            wait_for(lambda: gunicorn.said().count("Worker exiting") >= 2, "the end of the first workers")
            assert not gunicorn.workers_that_answer(2) & first
            result = tmp_path / "master.txt"
            wait_for(result.exists, "the end of the master's stream")
            assert result.read_text() == "a b"

"""The real command, run as users run it: in a process of its own, with pipes or a terminal."""

import codecs
import fcntl
import io
import os
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest

from aiollm.cli import main
from aiollm.testing import ProviderServer
from tests.programs import environment, python

Run = Callable[..., subprocess.CompletedProcess[str]]
DEADLINE = 20.0  # seconds; what is waited for takes a second at most, on a busy machine several
COMMAND = ("-W", "error", "-m", "aiollm")
ON_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, *COMMAND, *arguments]


def asking(server: ProviderServer, *arguments: str) -> tuple[str, ...]:
    """Return the arguments of a chat with a scripted provider that needs no key."""
    return ("chat", "-m", "hosted_vllm/scripted", "--api-base", server.base_url, *arguments)


def run(*arguments: str, stdin: bytes = b"", **variables: str) -> subprocess.CompletedProcess[str]:
    return python(*COMMAND, *arguments, stdin=stdin, limit=DEADLINE, **variables)


class Output:
    """What the command writes to a pipe or terminal, read as it comes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._unread = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def until(self, text: str) -> str:
        """Return what is written up to and with the text."""
        while text not in self._unread:
            assert self._more(), f"no {text!r} before the end; read {self._unread!r}"
        before, found, self._unread = self._unread.partition(text)
        return before + found

    def rest(self) -> str:
        """Return all that is written until the end."""
        while self._more():
            pass
        return self._unread

    def _more(self) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], DEADLINE)
        assert ready, f"nothing more after {DEADLINE:g} s; read {self._unread!r}"
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # how a terminal ends
            return False
        self._unread += self._decoder.decode(data)
        return bool(data)


class Terminal:
    """The command on a terminal of its own, whose Ctrl-C is the real one."""

    def __init__(self, arguments: Sequence[str], **options: Any) -> None:
        self.screen, inner = os.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
        streams = {"stdin": inner, "stdout": inner, "stderr": inner, **options}
        self.process = subprocess.Popen(
            [sys.executable, "-c", ON_TERMINAL, *command(*arguments)[1:]],
            env=environment(TERM="xterm"),
            start_new_session=True,
            **streams,
        )
        os.close(inner)
        self.output = Output(self.screen)

    def type(self, keys: str) -> None:
        os.write(self.screen, keys.encode())

    def wait(self) -> int:
        return self.process.wait(DEADLINE)

    def interrupt_at_prompt(self) -> int:
        """Press Ctrl-C until the program has ended, and return its exit code.

        Python's line editor looks for signals and then waits for a key: one that comes in between is seen at the next.
        """
        while self.process.poll() is None:
            self.type("\x03")
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
        return self.process.wait(DEADLINE)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self.screen)


@pytest.fixture
def run_here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command within this process: quicker, where that makes no difference."""

    def run_here(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = main(arguments)
        return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())

    return run_here


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer() as server:
        yield server


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return a function that starts the command on pipes; it is killed afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **variables: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command(*arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=environment(**variables),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def open_terminal() -> Iterator[Callable[..., Terminal]]:
    """Return a function that starts the command on a terminal; it is killed afterwards."""
    opened: list[Terminal] = []

    def open_terminal(*arguments: str, **options: Any) -> Terminal:
        opened.append(Terminal(arguments, **options))
        return opened[-1]

    yield open_terminal
    for terminal in opened:
        terminal.close()

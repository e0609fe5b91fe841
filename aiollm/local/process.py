"""The parent's hold on one child process of the embedded model."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import sys
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, cast

import msgspec

from aiollm.exceptions import ServiceUnavailableError
from aiollm.types.secret import Secret

if TYPE_CHECKING:
    from aiollm.local.child import Order

__all__ = ["ChildProcess", "LocalServer"]

_PROGRAM = Path(__file__).with_name("child.py")
_OUTPUT_BYTES = 65536
_ERROR_LINE = re.compile(r"[\d.]+ E (?P<text>.+)")


class LocalServer(msgspec.Struct, frozen=True):
    """A server that accepts requests: `base_url` ends in `/v1`, `secret` is its bearer token."""

    base_url: str
    secret: Secret


class ChildProcess:
    """One child, from its start to its end. It never outlives this process, however this process ends.

    Any thread may use it; `stop` and `disown` may be called more than once.
    """

    _output: IO[bytes]
    _process: Popen[bytes]
    _lifeline: IO[bytes]

    def __init__(self, model: str, weights: Path) -> None:
        self.model: str = model
        self.weights: Path = weights
        self.server: LocalServer | None = None
        self._secret = Secret(secrets.token_urlsafe(24))
        self._owner = os.getpid()

    def start(self, packages: Path, threads: int) -> None:
        """Start it; `packages` is the directory that xllamacpp is installed in, `threads` how many compute.

        Raises:
            ServiceUnavailableError: the operating system refused.
        """
        try:
            self._output = TemporaryFile()  # noqa: SIM115 - it lives until the child serves
        except OSError as error:
            raise self._failure(f"no temporary file for its output: {error.strerror}") from error
        try:
            # A session of its own: the terminal's Ctrl-C is for the parent, which may go on afterwards.
            self._process = Popen(  # noqa: S603 - our own program
                [sys.executable, "-P", _PROGRAM],
                bufsize=0,
                stdin=PIPE,
                stdout=self._output,
                stderr=self._output,
                start_new_session=True,
            )
        except OSError as error:
            self._output.close()
            raise self._failure(f"{sys.executable or 'the interpreter'} cannot be run: {error.strerror}") from error
        self._lifeline = cast("IO[bytes]", self._process.stdin)
        self._send_order(packages, threads)

    def is_running(self) -> bool:
        """Say whether the process lives; the server in it may still be loading."""
        return self._process.poll() is None

    def poll(self) -> LocalServer | None:
        """Return the server once it accepts requests, None while it loads.

        Raises:
            ServiceUnavailableError: the child ended instead; the message has the first error it logged.
        """
        if self.server is not None:
            return self.server
        if self._output.closed:
            raise self._failure("it was stopped")
        # Looked at before its output, so that the last words of a process that ended are all there.
        running = self.is_running()
        lines = self._read_output()
        if lines and lines[-1].startswith('{"address"'):
            self.server = LocalServer(json.loads(lines[-1])["address"] + "/v1", self._secret)
            self._output.close()
        elif not running:
            raise self._failure(_cause(lines) or _describe(self._process.returncode))
        return self.server

    def stop(self) -> None:
        """Kill the process and wait for its end (milliseconds). Does nothing in a fork of the process that owns it."""
        if self._owner == os.getpid():
            self._process.kill()
            self._process.wait()
            self._let_go()

    def disown(self) -> None:
        """Forget a child inherited by `fork`: it is the parent process's, and lives on there."""
        # Otherwise Popen warns of a process left running when it is collected.
        self._process.returncode = 0
        self._let_go()

    def _send_order(self, packages: Path, threads: int) -> None:
        order: Order = {
            "weights": str(self.weights),
            "model": self.model,
            "secret": self._secret.reveal(),
            "threads": threads,
            "packages": str(packages),
        }
        # A child that is dead already says why in its output.
        with suppress(BrokenPipeError):
            self._lifeline.write(json.dumps(order).encode() + b"\n")

    def _let_go(self) -> None:
        self._lifeline.close()
        self._output.close()

    def _read_output(self) -> list[str]:
        """Return the last lines of the output, the unfinished one left out."""
        descriptor = self._output.fileno()
        start = max(0, os.fstat(descriptor).st_size - _OUTPUT_BYTES)
        # The position in the file is the child's too: `read` would move it.
        text = os.pread(descriptor, _OUTPUT_BYTES, start).decode(errors="replace")
        return [line for line in text[: text.rfind("\n") + 1].split("\n") if line.strip()]

    def _failure(self, reason: str) -> ServiceUnavailableError:
        return ServiceUnavailableError(
            f"the local model {self.model!r} did not start: {reason}; its weights are {self.weights}",
            model=self.model,
            llm_provider="local",
            retryable=False,
        )


def _cause(lines: list[str]) -> str | None:
    """Return why the child ended: llama.cpp's first error (the later ones follow from it), or what was said last."""
    errors = [error["text"] for line in lines if (error := _ERROR_LINE.match(line))]
    said = errors[:1] or lines[-1:]
    return " ".join(said[0].split()) if said else None


def _describe(status: int) -> str:
    if status < 0:
        return f"the process was killed by {signal.Signals(-status).name}"
    return f"the process ended with status {status}"

"""A real Redis, from the distribution's package, in a process of its own."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.missing import do_without
from tests.services import debian


class RedisServer:
    """A server on loopback that keeps nothing on disk; it may be killed, and started again at the same address.

    Args:
        program: the path of redis-server.
        variables: the environment it runs in.
        folder: its working directory.
    """

    def __init__(self, program: str, variables: dict[str, str], folder: Path) -> None:
        self._program = program
        self._variables = variables
        self._folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server, and return when it takes connections."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [self._program, *options],
            cwd=self._folder,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        printed = ""
        for line in self._process.stdout:
            if "Ready to accept connections" in line:
                return
            printed += line
        raise AssertionError(f"redis-server ended with status {self._process.wait()}:\n{printed}")

    def signal(self, number: int) -> None:
        """Send a signal to the server, such as SIGSTOP, which lets it hang."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End the server as a crash would; what it held is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def redis_program() -> tuple[str, dict[str, str]]:
    """Return the path of redis-server and the variables it needs; where it cannot be had the tests do without."""
    if found := shutil.which("redis-server"):
        return found, dict(os.environ)
    try:
        home = debian.fetch("redis-server")
    except debian.FetchError as problem:
        do_without(f"no Redis server: {problem}")
    return str(home / "usr/bin/redis-server"), debian.environment(home)


@pytest.fixture(scope="session")
def redis_server(
    redis_program: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    """Return the session's server. Tests share it: each uses keys of its own, and none stops it."""
    yield from _running(RedisServer(*redis_program, tmp_path_factory.mktemp("redis")))


@pytest.fixture
def mortal_redis(redis_program: tuple[str, dict[str, str]], tmp_path: Path) -> Iterator[RedisServer]:
    """Return a server of the test's own, which it may kill and start again."""
    yield from _running(RedisServer(*redis_program, tmp_path))


def _running(server: RedisServer) -> Iterator[RedisServer]:
    server.start()
    yield server
    server.kill()

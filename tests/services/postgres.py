"""A real PostgreSQL, from the distribution's package, in processes of its own."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.missing import do_without
from tests.services import debian

STEP_LIMIT = 50.0  # seconds; a new cluster takes two
PACKAGE = "postgresql-15"
PLACES = "usr/lib/postgresql/*/bin"


class PostgresServer:
    """A server on loopback; it may be killed, and started again at the same address with what it had written.

    Args:
        programs: the folder of initdb and postgres.
        variables: the environment they run in.
    """

    def __init__(self, programs: Path, variables: dict[str, str]) -> None:
        self._programs = programs
        # They refuse to be run by root, and another user cannot reach the folders that pytest makes for root.
        self._user = "nobody" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="aiollm-postgres-"))
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._variables = {**variables, "PGUSER": "proxy", "LC_ALL": "C"}
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://proxy:canary-password@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server, and return when it takes connections."""
        if not (self._folder / "data").exists():
            command = [
                self._programs / "initdb",
                "-D",
                self._folder / "data",
                "-U",
                "proxy",
                "-A",
                "trust",
                "--no-sync",
            ]
            subprocess.run(
                command, user=self._user, env=self._variables, capture_output=True, check=True, timeout=STEP_LIMIT
            )
        settings = ["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "listen_addresses=127.0.0.1"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", "-p", str(self.port), *settings],
                user=self._user,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        limit = time.monotonic() + STEP_LIMIT
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < limit, "PostgreSQL does not take connections"
            time.sleep(0.05)  # the server tells nobody when it is ready

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End the server, and delete what it has written."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        command = [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, env=self._variables, timeout=STEP_LIMIT, check=False).returncode == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_programs() -> tuple[Path, dict[str, str]]:
    """Return the folder of PostgreSQL's programs and their variables; where there are none the tests do without."""
    if installed := [*Path("/").glob(PLACES)]:  # Debian keeps them off PATH
        return max(installed), dict(os.environ)
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent, dict(os.environ)
    try:
        home = debian.fetch(PACKAGE)
    except debian.FetchError as problem:
        do_without(f"no PostgreSQL: {problem}")
    return max(home.glob(PLACES)), debian.environment(home)


@pytest.fixture(scope="session")
def postgres_server(postgres_programs: tuple[Path, dict[str, str]]) -> Iterator[PostgresServer]:
    """Return the session's server. Tests share it: each has a database of its own, and none stops it."""
    yield from _running(PostgresServer(*postgres_programs))


@pytest.fixture
def mortal_postgres(postgres_programs: tuple[Path, dict[str, str]]) -> Iterator[PostgresServer]:
    """Return a server of the test's own, which it may kill and start again."""
    yield from _running(PostgresServer(*postgres_programs))


def _running(server: PostgresServer) -> Iterator[PostgresServer]:
    try:
        server.start()
        yield server
    finally:
        server.remove()

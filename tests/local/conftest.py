"""The embedded model for real: its parts, its processes, and programs that use it."""

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aiollm.exceptions import NotFoundError
from aiollm.local.parts import find_package
from aiollm.local.server import stop_all
from aiollm.local.weights import find_weights
from tests.programs import STRICT, environment

DEADLINE = 10.0  # seconds; what is waited for takes milliseconds
PROGRAM = b"/aiollm/local/child.py"


@pytest.fixture(scope="session")
def packages() -> Path:
    """Return the directory that xllamacpp is installed in; without the parts the test is skipped."""
    try:
        find_weights("smollm2")
        return find_package("xllamacpp").parent
    except NotFoundError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def built_in(packages: Path) -> Iterator[str]:
    """Return the name of the built-in model; its server is stopped afterwards."""
    yield "smollm2"
    stop_all()


@pytest.fixture
def broken_file(tmp_path: Path, packages: Path) -> Path:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"this is no model" * 64)
    return file


@pytest.fixture
def run_program() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Return a function that starts a Python program, warnings being errors; it is killed afterwards."""
    started: list[subprocess.Popen[str]] = []

    def run(source: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, *STRICT, "-c", source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        started.append(program)
        return program

    yield run
    for program in started:
        program.kill()
        program.communicate()


def servers_of(parent: int) -> list[int]:
    """Return the ids of a process's children that serve a model and have not ended."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, ppid = entry.read_text().rpartition(")")[2].split()[:2]
            command = entry.with_name("cmdline").read_bytes()  # other tests have services of this process running
        except OSError:  # it ended meanwhile
            continue
        if int(ppid) == parent and state != "Z" and PROGRAM in command:
            found.append(int(entry.parent.name))
    return found


def wait_for_end(process: int) -> bool:
    """Wait until a process that need not be ours has ended, and say whether it has."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], DEADLINE)[0])
    finally:
        os.close(descriptor)

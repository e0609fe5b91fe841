"""A gateway as the operating system sees it: its start, its processor time and its memory, children included."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile

from benchmarks.runner import FOREIGN_SETTING

TICKS = os.sysconf("SC_CLK_TCK")
CPU_CLOCK = 2
"""In the number of a clock that is a process's: the scheduler's time (CPUCLOCK_SCHED in the kernel's sources)."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
GATEWAY_CORE, OTHER_CORE = 0, 1
"""The gateway has one for itself; upstream and load share the other."""


class NotStartedError(Exception):
    """The gateway ended, or did not answer; the text is the end of what it printed."""


class Processes:
    """A process and all that come from it."""

    def __init__(self, root: int) -> None:
        self._root = root

    def cpu_seconds(self) -> float:
        """User and system time so far, of those that have ended and were waited for too."""
        return sum(_clock(process) + sum(map(int, _stat(process)[13:15])) / TICKS for process in self._all())

    def resident_bytes(self) -> int:
        """The memory that they hold now; what they share counts for each."""
        return sum(int(_stat(process)[21]) for process in self._all()) * PAGE_BYTES

    def _all(self) -> Iterator[int]:
        waiting = [self._root]
        while waiting:
            process = waiting.pop()
            yield process
            for children in Path(f"/proc/{process}/task").glob("*/children"):
                waiting += map(int, children.read_text().split())


def _clock(process: int) -> float:
    """The time of one process with all its threads, in nanoseconds: /proc tells it in hundredths of a second."""
    return time.clock_gettime(~process << 3 | CPU_CLOCK)


def _stat(process: int) -> Sequence[str]:
    """The fields of /proc/PID/stat after the name, which may hold blanks: the state is the first."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


@contextmanager
def started(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process pinned to the gateway's core, ended with all its children when the block is left."""
    surroundings = {name: value for name, value in os.environ.items() if not FOREIGN_SETTING.fullmatch(name)}
    pinned = ["taskset", "-c", str(GATEWAY_CORE), *command]
    with TemporaryFile() as printed:
        process = subprocess.Popen(
            pinned, cwd=folder, env={**surroundings, **environ}, stdout=printed, stderr=printed, start_new_session=True
        )
        try:
            yield process
        except NotStartedError as error:
            printed.seek(0)
            told = printed.read().decode(errors="replace").strip().splitlines()[-3:]
            raise NotStartedError(f"{error}: {' '.join(told)}") from None
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    _signal_all(process, signal.SIGCONT)  # one that stands still does not end
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _signal_all(process, signal.SIGKILL)


def _signal_all(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # none is left
        os.killpg(process.pid, number)


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], limit: float) -> None:
    """Wait until the port takes connections.

    Raises:
        NotStartedError: the process ended before, or the limit in seconds passed.
    """
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotStartedError(f"it ended with status {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.005)
    raise NotStartedError(f"it took no connection within {limit:g} s")

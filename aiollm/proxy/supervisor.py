"""Several workers on one port: child processes, started again when they fail, and ended together."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

__all__ = ["reserved_port", "supervise"]

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)

RESTART_SECONDS = 1.0
"""How long a worker that has failed is not there: one that fails at once must not keep the machine busy."""

POLL_SECONDS = 0.02

_logger = logging.getLogger("aiollm.proxy")

Work = Callable[[int, Callable[[], object], int], None]
"""What a worker does: it is given its number, what to call when it serves, and the pipe that its parent holds open."""


@contextmanager
def reserved_port(host: str, port: int) -> Generator[int, None, None]:
    """Hold a port that several processes are to listen on, without listening. Yields it.

    Raises:
        OSError: it cannot be had.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(address)
        yield holder.getsockname()[1]


def supervise(count: int, work: Work, ready: Callable[[], None]) -> int:
    """Run workers until SIGTERM or SIGINT, which they are passed, as is SIGHUP. Returns the exit code.

    Args:
        count: how many.
        work: what each does, in a process of its own.
        ready: called when all serve.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        return _Supervisor(count, work, ready).run()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


class _Supervisor:
    def __init__(self, count: int, work: Work, ready: Callable[[], None]) -> None:
        self._count = count
        self._work = work
        self._ready = ready
        self._workers: dict[int, int] = {}  # by the id of the process
        self._serving = False
        self._ending = False
        self._failed = False
        self._told, self._telling = os.pipe()  # a byte from each worker that serves
        self._lifeline, self._held = os.pipe()
        os.set_blocking(self._told, False)

    def run(self) -> int:
        for number in range(self._count):
            self._start(number)
        waiting = self._count
        while self._workers:
            taken = signal.sigtimedwait(_SIGNALS, 3600.0 if self._serving or self._ending else POLL_SECONDS)
            if taken is not None:
                self._take(taken.si_signo)
            if not self._serving and not self._ending:
                waiting -= self._counted()
                if waiting <= 0:
                    self._serving = True
                    self._ready()
        return 1 if self._failed else 0

    def _start(self, number: int) -> None:
        process = os.fork()
        if process:
            self._workers[process] = number
            return
        status = 1
        try:
            os.close(self._held)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            self._work(number, lambda: os.write(self._telling, b"."), self._lifeline)
            status = 0
        except Exception as error:  # noqa: BLE001 - the end of this process; its parent cannot see it
            _logger.error("worker %d: %s: %s", number, type(error).__name__, error)
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _counted(self) -> int:
        """Return how many workers have told since the last time that they serve."""
        try:
            return len(os.read(self._told, self._count))
        except BlockingIOError:
            return 0

    def _take(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self._reap()
        elif number == signal.SIGHUP:
            self._pass_on(signal.SIGHUP)
        else:
            self._ending = True
            self._pass_on(signal.SIGTERM)

    def _pass_on(self, number: signal.Signals) -> None:
        for process in self._workers:
            os.kill(process, number)

    def _reap(self) -> None:
        """Take note of workers that have ended; while serving, start others in their place."""
        for process in list(self._workers):
            ended, status = os.waitpid(process, os.WNOHANG)
            if not ended:
                continue
            number = self._workers.pop(process)
            if self._ending:
                self._failed |= status != 0
            elif self._serving:
                _logger.error("worker %d has ended (status %d); another is started", number, status)
                time.sleep(RESTART_SECONDS)
                self._start(number)
            else:
                self._failed = self._ending = True
                self._pass_on(signal.SIGTERM)

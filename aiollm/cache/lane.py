"""Blocking work done one piece after another, off every event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

__all__ = ["Lane"]

T = TypeVar("T")


class Lane:
    """Runs functions in the order they come, on a worker thread of the loop that found the lane empty.

    However many loops and threads use it, it takes one thread at a time: a slow disk must not use up the workers that
    look up names. What was once handed over is done, whether or not somebody still waits for it; the end of
    `asyncio.run` waits for its worker threads.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._busy = False
        self._lock = threading.Lock()

    def run(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Hand a function over, and return what becomes of it. Cancelling stops waiting for it.

        Raises:
            RuntimeError: the loop is about to end, and starts no more work.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._waiting.append(partial(_run, work, loop, result))
        with self._lock:
            start, self._busy = not self._busy, True
        if start:
            try:
                _ = loop.run_in_executor(None, self._drain)
            except RuntimeError:
                self._busy = False
                raise
        return result

    def _drain(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy = False
                    return
                work = self._waiting.popleft()
            work()


def _run(work: Callable[[], T], loop: asyncio.AbstractEventLoop, result: asyncio.Future[T]) -> None:
    try:
        settle = partial(result.set_result, work())
    except BaseException as error:  # noqa: BLE001  # it is raised where the result is awaited
        settle = partial(result.set_exception, error)
    with suppress(RuntimeError):  # the loop is closed, and nobody waits
        loop.call_soon_threadsafe(_deliver, result, settle)


def _deliver(result: asyncio.Future[Any], settle: Callable[[], None]) -> None:
    if not result.done():  # nobody has stopped waiting
        settle()

"""Finds what code under test left open: answers, threads and tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiollm.core.runtime import Runtime

__all__ = ["LeakError", "no_leaks"]

GRACE_SECONDS = 1.0
"""How long what was left gets to end: a connection on another loop is closed by that loop."""

_LOOK_SECONDS = 0.005
# The loop thread of the blocking functions stays, and those that look up names end with their loop.
_LASTING = ("aiollm", "asyncio_")


class LeakError(AssertionError):
    """Something was left open; the message says what."""


class no_leaks:  # noqa: N801  # it is used like a function
    """Fail when the block leaves a stream of aiollm open or a thread running; `async with`, when it leaves a task too.

        with no_leaks():
            my_app()

    What was there before the block is none of its business. Errors of the block go before.

    Raises:
        LeakError: something was left, and did not end within a second.

    Cancelling an `async with` at its end ends the wait.
    """

    def __init__(self) -> None:
        self._requests = 0
        self._threads: set[threading.Thread] = set()
        self._tasks: set[asyncio.Task[object]] = set()

    def __enter__(self) -> Self:
        self._requests = Runtime.open_requests()
        self._threads = set(threading.enumerate())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            until = time.monotonic() + GRACE_SECONDS
            while self._left() and time.monotonic() < until:
                time.sleep(_LOOK_SECONDS)
            _complain(self._left())

    async def __aenter__(self) -> Self:
        self._tasks = asyncio.all_tasks()
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await _settled(lambda: not self._left() and not self._tasks_left())
            _complain(self._left() + self._tasks_left())

    def _left(self) -> list[str]:
        requests = Runtime.open_requests() - self._requests
        threads = [thread.name for thread in set(threading.enumerate()) - self._threads]
        left = [f"the thread {name!r}" for name in threads if not name.startswith(_LASTING)]
        return left + [f"{requests} open stream{'s' if requests > 1 else ''}"] * (requests > 0)

    def _tasks_left(self) -> list[str]:
        left = asyncio.all_tasks() - self._tasks - {asyncio.current_task()}
        return [f"the task {task.get_name()!r} ({task.get_coro()})" for task in left]


async def _settled(holds: Callable[[], bool]) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + GRACE_SECONDS
    while not holds() and loop.time() < until:  # noqa: ASYNC110  # nobody tells of a thread's or another loop's end
        await asyncio.sleep(_LOOK_SECONDS)


def _complain(left: list[str]) -> None:
    if left:
        raise LeakError(f"left open: {', '.join(left)}")

"""An event loop whose time passes only when everybody waits, and then at once."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["VirtualClockLoop", "run_in_virtual_time"]

T = TypeVar("T")


class _Skipping(selectors.DefaultSelector):
    """Never sleeps: what it was asked to wait is added to the clock."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout is not None:
            # Time always passes a little: who finds that it is 1e-16 s too early tries again at once.
            self.skipped += max(timeout, 1e-6)
        return ready


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """An event loop that starts at 0 s, and jumps to its next timer when nothing else is left to do.

    An hour of waiting takes no time, and every run of a test gives the same times. It suits what waits for timers, not
    what waits for the outside: a socket or a thread that is not ready when everybody waits is overtaken by the next
    timer. Where no timer is set, it is waited for as in any other loop.
    """

    def __init__(self) -> None:
        self._clock = _Skipping()
        super().__init__(self._clock)

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._clock.skipped

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for the threads, however long: a timer would overtake them."""
        await super().shutdown_default_executor()


def run_in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a `VirtualClockLoop` of its own, as `asyncio.run` does, and return its result."""
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(work)

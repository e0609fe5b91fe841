"""A loop with a time of its own: nothing sleeps."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from functools import partial
from typing import Any


class FakeTimer:
    """What `call_at` returns."""

    def __init__(self, when: float, callback: Callable[..., Any]) -> None:
        self.callback = callback
        self.cancelled = False
        self._when = when

    def when(self) -> float:
        return self._when

    def cancel(self) -> None:
        self.cancelled = True

    def __lt__(self, other: FakeTimer) -> bool:
        return self._when < other._when


class FakeLoop(asyncio.AbstractEventLoop):
    """Time passes only in `advance`, which runs the timers that become due."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.timers_made = 0
        self._timers: list[FakeTimer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        self.timers_made += 1
        timer = FakeTimer(when, partial(callback, *args))
        heapq.heappush(self._timers, timer)
        return timer

    @property
    def timers(self) -> int:
        """How many timers are set."""
        return sum(not timer.cancelled for timer in self._timers)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self._timers and self._timers[0].when() <= end:
            timer = heapq.heappop(self._timers)
            self.now = max(self.now, timer.when())
            if not timer.cancelled:
                timer.callback()
        self.now = end

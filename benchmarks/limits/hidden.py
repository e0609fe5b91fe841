"""Limits that a provider keeps to itself."""

import math
import time
from collections import deque
from collections.abc import Callable

from aiollm.testing import LoggedRequest, Steps, finish, role, status, tokens


class Bucket:
    """A bucket that leaks ``rate(seconds since the start)`` requests a second, and holds a second's worth."""

    def __init__(self, rate: Callable[[float], float]) -> None:
        self._rate = rate
        self._level = self._at = 0.0

    def ask(self, now: float) -> float | None:
        """Take a request in and return None, or return for how many seconds there is no room."""
        rate = self._rate(now)
        self._level = max(0.0, self._level - (now - self._at) * rate)
        self._at = now
        if self._level + 1 > rate:
            return (self._level + 1 - rate) / rate
        self._level += 1
        return None


class Window:
    """So many requests in any minute."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: deque[float] = deque()

    def ask(self, now: float) -> float | None:
        """Take a request in and return None, or return for how many seconds there is no room."""
        while self._taken and self._taken[0] <= now - 60:
            self._taken.popleft()
        if len(self._taken) >= self._limit:
            return self._taken[0] + 60 - now
        self._taken.append(now)
        return None


class Provider:
    """Answers under a hidden limit, and writes down when."""

    def __init__(self, limit: Bucket | Window, *, retry_after: bool) -> None:
        self._limit = limit
        self._retry_after = retry_after
        self._began = time.monotonic()
        self.served: list[float] = []
        self.refused: list[float] = []

    def answer(self, request: LoggedRequest) -> Steps:
        """The script for a request."""
        now = time.monotonic() - self._began
        wait = self._limit.ask(now)
        if wait is not None:
            self.refused.append(now)
            return status(429, retry_after=math.ceil(wait) if self._retry_after else None)
        self.served.append(now)
        gap = 0.02 + 0.01 * (request.index % 5)  # seconds; an answer takes 0.1 to 0.3 of them
        return [role(), tokens("an answer of five words", gap=gap), finish()]

"""How much came lately."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["SlidingCount"]

_STEPS = 60


class SlidingCount:
    """The sum of what was added within the last period, to a sixtieth of it.

    Args:
        period: its length in seconds.
    """

    __slots__ = ("_end", "_step", "_steps", "_sum")

    def __init__(self, period: float = 60.0) -> None:
        self._step = period / _STEPS
        self._steps: deque[tuple[float, float]] = deque()  # (number of the step, sum before it), oldest first
        self._end = -math.inf  # of the last step
        self._sum = 0.0  # of all that ever came

    def add(self, now: float, amount: float = 1.0) -> None:
        """Add an amount at a time in seconds, which never goes back."""
        if now >= self._end:
            self._begin(now // self._step)
        self._sum += amount

    def total(self, now: float) -> float:
        """Return the sum over the period that ends now; 0 where more was taken back than is left."""
        self._forget(now // self._step)
        return max(self._sum - self._steps[0][1], 0.0) if self._steps else 0.0

    def _begin(self, number: float) -> None:
        self._forget(number)  # here too: the only deployment of a group is never compared, so nobody asks
        self._steps.append((number, self._sum))
        self._end = (number + 1) * self._step

    def _forget(self, number: float) -> None:
        """Let go of the steps that are a period older than a step."""
        oldest = number - _STEPS
        while self._steps and self._steps[0][0] <= oldest:
            self._steps.popleft()

    def clear(self) -> None:
        """Forget everything."""
        self._steps.clear()
        self._end = -math.inf
        self._sum = 0.0

"""Quantiles of any number of waits, in little memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

__all__ = ["Spread"]

_GROWTH = math.log(1.02)
_LEAST = 1e-6


class Spread:
    """Counts waits in steps that grow by 2 %, so that a quantile is right to 1 % however many there were."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._total = 0

    def add(self, seconds: float) -> None:
        """Take a wait."""
        self._counts[round(math.log(max(seconds, _LEAST)) / _GROWTH)] += 1
        self._total += 1

    def quantile(self, share: float) -> float | None:
        """Return the wait that a share (0 to 1) did not exceed; None before the first."""
        left = share * self._total
        for step in sorted(self._counts):
            left -= self._counts[step]
            if left <= 0:
                return math.exp(step * _GROWTH)
        return None

    def shares(self) -> Iterator[tuple[float, float]]:
        """Yield waits, rising, each with the share of all that did not exceed it."""
        counted = 0
        for step in sorted(self._counts):
            counted += self._counts[step]
            yield math.exp(step * _GROWTH), counted / self._total

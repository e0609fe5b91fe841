"""What is measured of a deployment."""

from __future__ import annotations

import math
from collections import deque

from aiollm.router.window import SlidingCount

__all__ = ["Latency", "Statistics"]

_NEWEST_SHARE = 0.3
_KEPT = 128


class Latency:
    """Waits in seconds: their moving average, and quantiles of the last 128.

    Attributes:
        average: None before the first sample.
        measured: when the last sample came.
    """

    __slots__ = ("_last", "average", "measured")

    def __init__(self) -> None:
        self.average: float | None = None
        self.measured: float = -math.inf
        self._last: deque[float] = deque(maxlen=_KEPT)

    def add(self, now: float, seconds: float) -> None:
        """Take a wait that ended now."""
        self.average = seconds if self.average is None else self.average + _NEWEST_SHARE * (seconds - self.average)
        self.measured = now
        self._last.append(seconds)

    def quantile(self, share: float) -> float | None:
        """Return the wait that a share (0 to 1) of the last samples did not exceed; None before the first."""
        if not self._last:
            return None
        return sorted(self._last)[max(0, math.ceil(share * len(self._last)) - 1)]


class Statistics:
    """What one process has seen of a deployment.

    Attributes:
        waiting: attempts whose answer has not begun.
        in_flight: attempts that are not over.
        requests: attempts of the last minute.
        tokens: tokens of the last minute: of prompts as estimated, until the provider has counted.
        first_token: waits for the first content of streams.
        whole: waits for whole answers.
        successes, failures: attempts that ended so, since the start.
    """

    __slots__ = ("failures", "first_token", "in_flight", "requests", "successes", "tokens", "waiting", "whole")

    def __init__(self) -> None:
        self.waiting: int = 0
        self.in_flight: int = 0
        self.requests: SlidingCount = SlidingCount()
        self.tokens: SlidingCount = SlidingCount()
        self.first_token: Latency = Latency()
        self.whole: Latency = Latency()
        self.successes: int = 0
        self.failures: int = 0

    def latency(self, *, stream: bool) -> Latency:
        """Return the waits that matter to a call."""
        return self.first_token if stream else self.whole

"""What a limiter tells of itself."""

from __future__ import annotations

from collections import deque

import msgspec

from aiollm.core.quota import Amounts

__all__ = ["LimiterStats", "Record"]

KEPT_WAITS = 512
"""Of how many requests, the last ones, the quantiles of the waiting are taken."""

KEPT_ESTIMATES = 128
"""Of how many estimates, the last ones, the mean error is taken."""

_ERROR_WEIGHT = 0.05  # of the newest estimate in the mean: what is older than those that are kept would not be seen


class LimiterStats(msgspec.Struct, frozen=True, kw_only=True):
    """A limiter at one moment.

    Attributes:
        waiting: requests in the queue.
        in_flight: requests that hold a permit.
        concurrency: how many may at present; None for any number.
        admitted: how many have passed, ever.
        timed_out: how many were refused because they would have waited too long.
        throttled: how often the provider refused a request because of a limit.
        wait_p50, wait_p95: seconds that the last 512 requests waited, half of them no longer, and 95 in 100.
        estimate_error: by how much the estimates of tokens are too high, on average, as a part of the real number: 0.1
            for a tenth, below 0 where they are too low. 0 before the first is known.
        paused: seconds until a pause that the provider asked for is over; 0 without one.
        rpm_now, tpm_now: requests and tokens of the last minute.
        rpm, tpm, itpm, otpm: how many a minute may have at present; None for any number.
        degraded: why the limits are not kept as they should, such as a server that cannot be reached; None otherwise.
    """

    waiting: int
    in_flight: int
    concurrency: int | None
    admitted: int
    timed_out: int
    throttled: int
    wait_p50: float
    wait_p95: float
    estimate_error: float
    paused: float
    rpm_now: float
    tpm_now: float
    rpm: float | None
    tpm: float | None
    itpm: float | None
    otpm: float | None
    degraded: str | None


class Record(msgspec.Struct, eq=False):
    """What a gate remembers for its stats, which are worked out when they are asked for.

    Attributes:
        admitted, timed_out, throttled: as in `LimiterStats`.
        waits: how long the last requests waited, in seconds.
        settled: what the last requests were estimated to take, and what they took.
    """

    admitted: int = 0
    timed_out: int = 0
    throttled: int = 0
    waits: deque[float] = msgspec.field(default_factory=lambda: deque(maxlen=KEPT_WAITS))
    settled: deque[tuple[Amounts, Amounts]] = msgspec.field(default_factory=lambda: deque(maxlen=KEPT_ESTIMATES))

    @property
    def estimate_error(self) -> float:
        """By how much the estimates are too high; see `LimiterStats`."""
        error = 0.0
        for estimate, real in self.settled:
            if real.tokens > 0:
                error += _ERROR_WEIGHT * (estimate.tokens / real.tokens - 1 - error)
        return error

    def wait(self, part: float) -> float:
        """Return how long that part of the last requests waited at the most, in seconds."""
        waits = sorted(self.waits)
        return waits[min(len(waits) - 1, int(part * len(waits)))] if waits else 0.0

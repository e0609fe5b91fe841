"""A rate that is found out by trying: additive increase, multiplicative decrease."""

from __future__ import annotations

import math

__all__ = ["AdaptiveRate"]

SLOWEST = 0.2
"""A second: how slow it gets while everything is refused, unless a slower rate is known to be right."""

BURST_SECONDS = 0.25
"""How much later than it might one may come without losing its turn: timers and tasks are late, and loops are busy."""

RECOVERY_SECONDS, RECOVERY = 1.0, 0.1
"""Below the rate that was served before a refusal: how often, and by what part of it, the rate grows."""

PROBE_SECONDS, PROBE, LARGEST_PROBE = 10.0, 0.01, 0.16
"""From there on; each further step without a refusal is twice as large, up to the largest."""


class AdaptiveRate:
    """Units a second, spaced evenly. There is no limit until the first refusal.

    A refusal halves the rate that was served, once for all requests that were on their way together. From there it
    returns quickly to the served rate, then feels its way upwards, and only as far as the rate is made use of.

    Attributes:
        value: units a second at present; `inf` for any number.
    """

    def __init__(self) -> None:
        self.value: float = math.inf
        self._served_rate = math.inf
        self._free_at = -math.inf  # when the next may come
        self._cut_at = -math.inf
        self._grown_at = -math.inf
        self._probe = PROBE
        self._served = True  # anything since the last cut
        self._used = False  # to the full since the last growth

    def wait(self, now: float) -> float:
        """Return for how many seconds the next one may not come."""
        wait = self._free_at - now if self.value < math.inf else 0.0
        if wait <= 0:
            return 0.0
        self._used = True
        return wait

    def add(self, amount: float, now: float) -> None:
        """One comes, and makes room for the next in so much time as it takes."""
        self._free_at = max(self._free_at, now - BURST_SECONDS) + amount / self.value

    def refused(self, measured: float, taken_at: float, now: float) -> None:
        """A request was refused that came at `taken_at`; the rate was measured as units a second."""
        if taken_at <= self._cut_at:
            return
        slowest = min(SLOWEST, measured) if measured > 0 else SLOWEST
        if self._served:
            self._served_rate = max(slowest, min(measured, max(self.value, self._served_rate)))
        self.value = max(min(self.value, self._served_rate) / 2, min(slowest, self._served_rate / 4))
        self._cut_at = self._grown_at = now
        self._served = False
        self._probe = PROBE

    def succeeded(self, taken_at: float, now: float) -> None:
        """A request was served that came at `taken_at`."""
        if taken_at <= self._cut_at:
            return
        self._served = True
        recovering = self.value < self._served_rate
        if not self._used or now < self._grown_at + (RECOVERY_SECONDS if recovering else PROBE_SECONDS):
            return
        self._grown_at = now
        self._used = False
        if recovering:
            self.value = min(self._served_rate, self.value + RECOVERY * self._served_rate)
        else:
            self.value += self._probe * self._served_rate
            self._probe = min(2 * self._probe, LARGEST_PROBE)

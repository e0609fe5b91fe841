"""The amounts of the last period, kept exactly."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

from attrs import define

from aiollm.core.quota import MINUTE

__all__ = ["SlidingWindow"]

SLOTS = 1024
"""Into how many parts a period is divided at the most: what is added within one part is kept together until the last of
it is a period old. That bounds the memory, and costs a busy limit a thousandth."""

_TINY = 1e-6  # of a unit; sums of parts of units are not exact


@define
class _Slot:
    first: float
    last: float
    amount: float


class SlidingWindow:
    """Tells when an amount fits, such that no period, wherever it begins, holds more than the limit.

    Args:
        period: seconds.
    """

    def __init__(self, period: float = MINUTE) -> None:
        self._period = period
        self._slots: deque[_Slot] = deque()
        self._used = 0.0
        self._others = 0.0  # what others have used, who share the limit
        self._others_until = 0.0

    def used(self, now: float) -> float:
        """Return what was added in the period that ends now."""
        slots = self._slots
        while slots and slots[0].last + self._period <= now:
            self._used -= slots.popleft().amount
        if not slots:
            self._used = 0.0
        return self._used

    def wait(self, amount: float, limit: float, now: float) -> float:
        """Return for how many seconds the amount does not fit. One above the limit fits when it is alone."""
        if amount <= 0:
            return 0.0
        others = self._others if now < self._others_until else 0.0
        excess = self.used(now) + others + amount - max(limit, amount)
        if excess <= _TINY:
            return 0.0
        for slot in self._slots:
            excess -= slot.amount
            if excess <= _TINY:
                return slot.last + self._period - now
        return self._others_until - now

    def add(self, amount: float, now: float) -> None:
        """Book an amount, whether it fits or not."""
        if amount <= 0:
            return
        self._used += amount
        if self._slots and now - self._slots[-1].first < self._period / SLOTS:
            self._slots[-1].last = now
            self._slots[-1].amount += amount
        else:
            self._slots.append(_Slot(now, now, amount))

    def settle(self, held: float, real: float, at: float, now: float) -> None:
        """Correct what was added at a time. What exceeds it counts from now on: when it was spent is not known."""
        if real >= held:
            self.add(real - held, now)
            return
        self.used(now)
        place = bisect_left(self._slots, at, key=lambda slot: slot.last)
        if place < len(self._slots) and self._slots[place].first <= at:
            slot = self._slots[place]
            given_back = min(held - real, slot.amount)
            slot.amount -= given_back
            self._used -= given_back

    def observe(self, used: float, now: float, seconds: float) -> None:
        """Take in what the provider counts in the period: what is not ours is that of others, for so many seconds."""
        self._others = max(0.0, used - self.used(now))
        self._others_until = now + seconds

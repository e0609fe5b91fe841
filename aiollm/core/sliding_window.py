"""The amounts of the last period, kept exactly."""

from __future__ import annotations

import math
from collections import OrderedDict

from attrs import define

from aiollm.core.quota import MINUTE

__all__ = ["SlidingWindow"]

SLOTS = 1024
"""Into how many parts a period is divided at the most: what is added within one part is kept together until the last of
it is a period old. That bounds the memory, and costs a busy limit a thousandth."""

_TINY = 1e-6  # of a unit; sums of parts of units are not exact


@define
class _Slot:
    last: float
    amount: float


class SlidingWindow:
    """Tells when an amount fits, such that no period, wherever it begins, holds more than the limit.

    Args:
        period: seconds.
    """

    def __init__(self, period: float = MINUTE) -> None:
        self._period = period
        self._slots_a_second = SLOTS / period
        self._slots: OrderedDict[int, _Slot] = OrderedDict()  # by the number of the part of a period
        self._used = 0.0
        self._until = math.inf  # then the first of them is a period old, unless it is added to
        self._others = 0.0  # what others have used, who share the limit
        self._others_until = 0.0

    def used(self, now: float) -> float:
        """Return what was added in the period that ends now."""
        if now >= self._until:
            self._forget(now)
        return self._used

    def _forget(self, now: float) -> None:
        """Drop what is a period old."""
        while self._slots:
            number, slot = next(iter(self._slots.items()))
            self._until = slot.last + self._period
            if now < self._until:
                return
            self._used -= slot.amount
            del self._slots[number]
        self._used, self._until = 0.0, math.inf

    def wait(self, amount: float, limit: float, now: float) -> float:
        """Return for how many seconds the amount does not fit. One above the limit fits when it is alone."""
        if amount <= 0:
            return 0.0
        if now >= self._until:
            self._forget(now)
        excess = self._used + amount - max(limit, amount)
        if now < self._others_until:
            excess += self._others
        if excess <= _TINY:
            return 0.0
        for slot in self._slots.values():
            excess -= slot.amount
            if excess <= _TINY:
                return slot.last + self._period - now
        return self._others_until - now

    def add(self, amount: float, now: float) -> None:
        """Book an amount, whether it fits or not."""
        if amount <= 0:
            return
        number = int(now * self._slots_a_second)
        slot = self._slots.get(number)
        if slot is None:
            if now >= self._until:
                self._forget(now)
            self._slots[number] = _Slot(now, amount)
            self._until = min(self._until, now + self._period)
        else:
            slot.last = now
            slot.amount += amount
        self._used += amount

    def settle(self, held: float, real: float, at: float, now: float) -> None:
        """Correct what was added at a time. What exceeds it counts from now on: when it was spent is not known."""
        if real >= held:
            self.add(real - held, now)
            return
        slot = self._slots.get(int(at * self._slots_a_second))
        if slot is not None:  # else it is a period old
            given_back = min(held - real, slot.amount)
            slot.amount -= given_back
            self._used -= given_back

    def observe(self, used: float, now: float, seconds: float) -> None:
        """Take in what the provider counts in the period: what is not ours is that of others, for so many seconds."""
        self._others = max(0.0, used - self.used(now))
        self._others_until = now + seconds

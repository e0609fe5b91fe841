"""The amounts of the last period, kept exactly."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence

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
    amounts: list[float]


class SlidingWindow:
    """Tells when amounts fit, such that no period, wherever it begins, holds more than a limit.

    It counts amounts of several kinds, those of a request together: a window for each kind took twice the time.

    Args:
        kinds: how many kinds there are.
        period: seconds.
    """

    def __init__(self, kinds: int, period: float = MINUTE) -> None:
        self._nothing = (0.0,) * kinds
        self._period = period
        self._slots_a_second = SLOTS / period
        self._slots: OrderedDict[int, _Slot] = OrderedDict()  # by the number of the part of a period
        self._used = list(self._nothing)
        self._until = math.inf  # then the first of them is a period old, unless it is added to
        self._others: dict[int, tuple[float, float]] = {}  # what others used of a kind, who share the limit, till when

    def used(self, now: float) -> Sequence[float]:
        """Return what was added of each kind in the period that ends now."""
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
            self._used = [used - amount for used, amount in zip(self._used, slot.amounts, strict=True)]
            del self._slots[number]
        self._used, self._until = list(self._nothing), math.inf

    def wait(self, amounts: Sequence[float], limits: Sequence[float], now: float) -> float:
        """Return for how many seconds not all amounts fit. One above its limit fits when it is alone."""
        if now >= self._until:
            self._forget(now)
        longest, kind = 0.0, 0
        for used, amount, limit in zip(self._used, amounts, limits, strict=True):
            if amount > 0 and (used + amount > limit or kind in self._others):
                longest = max(longest, self._wait(kind, amount, limit, now))
            kind += 1
        return longest

    def _wait(self, kind: int, amount: float, limit: float, now: float) -> float:
        """Return for how many seconds an amount of one kind does not fit."""
        others, others_until = self._others.get(kind, (0.0, now))
        excess = self._used[kind] + amount - max(limit, amount)
        if now < others_until:
            excess += others
        if excess <= _TINY:
            return 0.0
        for slot in self._slots.values():
            excess -= slot.amounts[kind]
            if excess <= _TINY:
                return slot.last + self._period - now
        return others_until - now

    def add(self, amounts: Sequence[float], now: float) -> None:
        """Book amounts, whether they fit or not."""
        number = int(now * self._slots_a_second)
        slot = self._slots.get(number)
        if slot is None:
            if now >= self._until:
                self._forget(now)
            self._slots[number] = slot = _Slot(now, list(self._nothing))
            self._until = min(self._until, now + self._period)
        slot.last = now
        booked, used, kind = slot.amounts, self._used, 0
        for amount in amounts:
            booked[kind] += amount
            used[kind] += amount
            kind += 1

    def settle(self, held: Sequence[float], real: Sequence[float], at: float, now: float) -> None:
        """Correct what was added at a time. What exceeds it counts from now on: when it was spent is not known."""
        slot = self._slots.get(int(at * self._slots_a_second))  # None once it is a period old
        exceeds, kind = False, 0
        for before, after in zip(held, real, strict=True):
            if after > before:
                exceeds = True
            elif after < before and slot is not None:
                given_back = min(before - after, slot.amounts[kind])
                slot.amounts[kind] -= given_back
                self._used[kind] -= given_back
            kind += 1
        if exceeds:
            self.add([max(0.0, after - before) for before, after in zip(held, real, strict=True)], now)

    def observe(self, kind: int, used: float, now: float, seconds: float) -> None:
        """Take in what the provider counts in the period: what is not ours is that of others, for so many seconds."""
        self._others[kind] = max(0.0, used - self.used(now)[kind]), now + seconds

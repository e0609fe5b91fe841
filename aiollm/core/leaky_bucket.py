"""Buckets that leak: a burst of a period's worth passes at once, then so much as leaks, as most providers count."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Any

from aiollm.core.quota import MINUTE

__all__ = ["RequestBucket", "TokenBucket"]

_TINY = 1e-6  # of a unit
_HALVINGS = 40


class TokenBucket:
    """Counts amounts of any size.

    Args:
        limit: how much leaks in a minute, at first.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._level = 0.0
        self._at = 0.0

    def wait(self, amount: float, limit: float, now: float) -> float:
        """Return for how many seconds the amount does not fit. One above the limit fits when it is alone."""
        if amount <= 0:
            return 0.0
        self._level = max(0.0, self._level - (now - self._at) * self._limit / MINUTE)
        self._at, self._limit = now, limit
        excess = self._level + amount - max(limit, amount)
        return excess / limit * MINUTE if excess > _TINY else 0.0

    def add(self, amount: float, now: float) -> None:
        """Book an amount, whether it fits or not."""
        self._level += amount

    def settle(self, held: float, real: float, at: float, now: float) -> None:
        """Correct what was added at a time."""
        self._level = max(0.0, self._level + real - held)

    def observe(self, used: float, now: float, seconds: float) -> None:
        """Take in how full the provider says that its own bucket is."""
        self._level = max(self._level, used)


class RequestBucket:
    """Counts requests, one at a time, in a bucket of aiolimiter's.

    Args:
        limit: the most there is in a minute. It cannot be changed; a lower limit makes each request dearer.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._bucket = _bucket_class()(limit, MINUTE)
        self._credit = 0.0  # given back; aiolimiter takes nothing back itself
        self._price = 1.0

    def wait(self, amount: float, limit: float, now: float) -> float:
        """Return for how many seconds another request does not fit."""
        self._bucket.clock.now = now
        self._price = min(self._limit / limit, self._limit) * amount
        if self._credit >= amount or self._bucket.has_capacity(self._price):
            return 0.0
        return (self._price - self._free()) * MINUTE / self._limit

    def add(self, amount: float, now: float) -> None:
        """Book a request that fits."""
        if self._credit >= amount:
            self._credit -= amount
            return
        with suppress(StopIteration):  # it fits, so nothing is waited for
            self._bucket.acquire(self._price).send(None)

    def settle(self, held: float, real: float, at: float, now: float) -> None:
        """Take back a request."""
        self._credit += held - real

    def observe(self, used: float, now: float, seconds: float) -> None:
        """Do nothing: aiolimiter's level cannot be set."""

    def _free(self) -> float:
        """Return how much fits. aiolimiter tells only whether an amount does."""
        low, high = 0.0, self._price
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self._bucket.has_capacity(middle) else (low, middle)
        return low


class _Clock:
    """Tells the time, as it was told."""

    now = 0.0

    def time(self) -> float:
        return self.now


@cache
def _bucket_class() -> Any:
    """Return aiolimiter's bucket, of no loop: since nobody waits in it, all that it asks of a loop is the time.

    It is looked for on first use: aiolimiter reads its own version when it is imported, which takes longer than all of
    our modules.
    """
    from aiolimiter import AsyncLimiter

    class Bucket(AsyncLimiter):
        __slots__ = ("clock",)

        def __init__(self, max_rate: float, time_period: float) -> None:
            super().__init__(max_rate, time_period)
            self.clock = _Clock()

        @property
        def _loop(self) -> Any:
            return self.clock

    return Bucket

"""The limits of one process: rates, concurrency, and what is found out of the provider's."""

from __future__ import annotations

import math
from typing import Literal, Protocol

from aiollm.core.adaptive_rate import AdaptiveRate
from aiollm.core.leaky_bucket import RequestBucket, TokenBucket
from aiollm.core.quota import MINUTE, Amounts, QuotaState
from aiollm.core.sliding_window import KINDS, Kind, Rates, SlidingWindow
from aiollm.wire.rate_limits import RateLimit, RateLimits

__all__ = ["LocalQuota", "Mode"]

Mode = Literal["strict", "bucket"]


class _Bucket(Protocol):
    """What says in the place of the window whether more of a kind fits."""

    def wait(self, amount: float, limit: float, now: float) -> float: ...

    def add(self, amount: float, now: float) -> None: ...

    def settle(self, held: float, real: float, at: float, now: float) -> None: ...

    def observe(self, used: float, now: float, seconds: float) -> None: ...


class LocalQuota:
    """Keeps limits by itself.

    Args:
        requests, tokens, input_tokens, output_tokens: how many a minute; None for any number.
        concurrency: how many at a time; None for any number.
        adaptive: whether it learns from the provider's headers and refusals.
        mode: "strict": no minute, wherever it begins, holds more than a limit. "bucket": a burst of a minute's worth,
            and then as much as leaks.

    Attributes:
        slowed: whether the provider has refused a request, and the pace is found out by trying.
    """

    def __init__(
        self,
        *,
        requests: float | None,
        tokens: float | None,
        input_tokens: float | None,
        output_tokens: float | None,
        concurrency: int | None,
        adaptive: bool,
        mode: Mode,
    ) -> None:
        self._configured = Rates(*map(_limit, (requests, tokens, input_tokens, output_tokens)))
        self._window = SlidingWindow()  # what there was in the last minute
        self._rates = Rates()  # within which the window says the room
        self._buckets: dict[Kind, _Bucket] = {}  # which say it instead
        self._in_buckets = mode == "bucket"
        self._set_limits(self._configured)
        self._concurrency = math.inf if concurrency is None else concurrency
        self._in_flight = 0
        self._pace = AdaptiveRate() if adaptive else None
        self._began = math.inf
        self.slowed: bool = False

    def take(self, amounts: Amounts, now: float) -> float:
        """Take the amounts and a place of the concurrency, or say for how long there is no room."""
        if self._in_flight >= self._concurrency:
            return math.inf
        more = self.slowed or self._buckets  # to ask than the window, which is all there usually is
        if more and (wait := self._further_wait(amounts, now)) > 0:
            return max(wait, self._window.wait(amounts, self._rates, now))
        if (wait := self._window.take(amounts, self._rates, now)) > 0:
            return wait
        if more:
            self._add_further(amounts, now)
        self._in_flight += 1
        if self._began == math.inf:
            self._began = now
        return 0.0

    def _further_wait(self, amounts: Amounts, now: float) -> float:
        waits = [
            bucket.wait(getattr(amounts, kind), getattr(self._limits, kind), now)
            for kind, bucket in self._buckets.items()
        ]
        if self._pace is not None and self.slowed:
            waits.append(self._pace.wait(now))
        return max(waits)

    def _add_further(self, amounts: Amounts, now: float) -> None:
        if self._pace is not None and self.slowed:
            self._pace.add(amounts.requests, now)
        for kind, bucket in self._buckets.items():
            bucket.add(getattr(amounts, kind), now)

    def settle(self, held: Amounts, real: Amounts, taken_at: float, now: float) -> None:
        """Book `real` in the place of `held`."""
        if held == real:
            return
        self._window.settle(held, real, taken_at, now)
        if self._buckets:
            self._settle_buckets(held, real, taken_at, now)

    def _settle_buckets(self, held: Amounts, real: Amounts, taken_at: float, now: float) -> None:
        for kind, bucket in self._buckets.items():
            before, after = getattr(held, kind), getattr(real, kind)
            if before != after:
                bucket.settle(before, after, taken_at, now)

    def release(self, now: float) -> None:
        """Give back one place of the concurrency."""
        self._in_flight -= 1

    def share(self, amounts: Amounts) -> float:
        """Return the largest part of a minute's room that the amounts take; by tokens where there is no limit."""
        shares = [getattr(amounts, kind) / limit for kind, limit in zip(KINDS, self._limits, strict=True)]
        return max(shares) or amounts.requests + amounts.tokens

    def throttled(self, taken_at: float, now: float) -> None:
        """Slow down: the provider has refused a request."""
        if self._pace is not None:
            seconds = min(MINUTE, max(1.0, now - self._began))
            self._pace.refused(self._window.used("requests", now) / seconds, taken_at, now)
            self.slowed = True

    def succeeded(self, taken_at: float, now: float) -> None:
        """Speed up again, if it was slowed down."""
        if self._pace is not None:
            self._pace.succeeded(taken_at, now)

    def learn(self, limits: RateLimits, now: float) -> None:
        """Take over the limits that the provider tells."""
        if self._pace is None:
            return
        for kind in KINDS:
            told: RateLimit | None = getattr(limits, kind)
            if told is not None and told.period <= MINUTE:
                self._believe(kind, told, now)

    def _believe(self, kind: Kind, told: RateLimit, now: float) -> None:
        """Believe the provider, but never beyond what was configured."""
        limit = min(getattr(self._configured, kind), told.limit * MINUTE / told.period)
        self._set_limits(self._limits._replace(**{kind: limit}))
        if told.remaining is not None and told.period == MINUTE:
            seconds = MINUTE if told.reset is None else min(told.reset, MINUTE)
            used = told.limit - told.remaining
            if kind in self._buckets:
                self._buckets[kind].observe(used, now, seconds)
            else:
                self._window.observe(kind, used, now, seconds)

    def _set_limits(self, limits: Rates) -> None:
        self._limits = limits
        if not self._in_buckets:
            self._rates = limits
            return
        for kind, limit in zip(KINDS, limits, strict=True):
            if limit < math.inf and kind not in self._buckets:
                self._buckets[kind] = RequestBucket(limit) if kind == "requests" else TokenBucket(limit)

    def after_fork(self) -> None:
        """Begin with nothing in flight."""
        self._in_flight = 0

    def state(self, now: float) -> QuotaState:
        """Return what is known at a time."""
        pace = math.inf if self._pace is None else self._pace.value * MINUTE
        rpm, tpm, itpm, otpm = self._limits
        return QuotaState(
            in_flight=self._in_flight,
            concurrency=None if self._concurrency == math.inf else int(self._concurrency),
            rpm_now=self._window.used("requests", now),
            tpm_now=self._window.used("tokens", now),
            rpm=_known(min(rpm, pace)),
            tpm=_known(tpm),
            itpm=_known(itpm),
            otpm=_known(otpm),
        )


def _limit(limit: float | None) -> float:
    return math.inf if limit is None else limit


def _known(limit: float) -> float | None:
    return None if limit == math.inf else limit

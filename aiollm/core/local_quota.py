"""The limits of one process: rates, concurrency, and what is found out of the provider's."""

from __future__ import annotations

import math
from operator import truediv
from typing import Literal, Protocol

from aiollm.core.adaptive_rate import AdaptiveRate
from aiollm.core.leaky_bucket import RequestBucket, TokenBucket
from aiollm.core.quota import MINUTE, Amounts, QuotaState
from aiollm.core.sliding_window import SlidingWindow
from aiollm.wire.rate_limits import RateLimit, RateLimits

__all__ = ["LocalQuota", "Mode"]

Mode = Literal["strict", "bucket"]

_REQUESTS, _TOKENS, _INPUT_TOKENS, _OUTPUT_TOKENS = range(4)
"""The kinds that are counted, each with a limit of its own."""


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
        self._configured = tuple(map(_limit, (requests, tokens, input_tokens, output_tokens)))
        self._limits = list(self._configured)  # at present
        self._window = SlidingWindow(len(self._limits))  # what there was in the last minute
        self._buckets: dict[int, _Bucket] = {}  # by kind; with them the window counts, and has no say
        self._window_limits = self._limits if mode == "strict" else [math.inf] * len(self._limits)
        self._concurrency = math.inf if concurrency is None else concurrency
        self._in_flight = 0
        self._pace = AdaptiveRate() if adaptive else None
        self._began = math.inf
        for kind, limit in enumerate(self._configured):
            self._set_limit(kind, limit)

    @property
    def slowed(self) -> bool:
        """Whether the provider has refused a request, and the pace is found out by trying."""
        return self._pace is not None and self._pace.value < math.inf

    def take(self, amounts: Amounts, now: float) -> float:
        """Take the amounts and a place of the concurrency, or say for how long there is no room."""
        if self._in_flight >= self._concurrency:
            return math.inf
        counts = _counts(amounts)
        wait = self._window.wait(counts, self._window_limits, now)
        for kind, bucket in self._buckets.items():
            wait = max(wait, bucket.wait(counts[kind], self._limits[kind], now))
        pace = self._pace
        if pace is not None and pace.value == math.inf:
            pace = None
        if pace is not None:
            wait = max(wait, pace.wait(now))
        if wait > 0:
            return wait
        self._window.add(counts, now)
        for kind, bucket in self._buckets.items():
            bucket.add(counts[kind], now)
        if pace is not None:
            pace.add(amounts.requests, now)
        self._in_flight += 1
        if self._began == math.inf:
            self._began = now
        return 0.0

    def settle(self, held: Amounts, real: Amounts, taken_at: float, now: float) -> None:
        """Book `real` in the place of `held`."""
        before, after = _counts(held), _counts(real)
        self._window.settle(before, after, taken_at, now)
        for kind, bucket in self._buckets.items():
            if before[kind] != after[kind]:
                bucket.settle(before[kind], after[kind], taken_at, now)

    def release(self, now: float) -> None:
        """Give back one place of the concurrency."""
        self._in_flight -= 1

    def share(self, amounts: Amounts) -> float:
        """Return the largest part of a minute's room that the amounts take; by tokens where there is no limit."""
        return max(map(truediv, _counts(amounts), self._limits)) or amounts.requests + amounts.tokens

    def throttled(self, taken_at: float, now: float) -> None:
        """Slow down: the provider has refused a request."""
        if self._pace is not None:
            seconds = min(MINUTE, max(1.0, now - self._began))
            self._pace.refused(self._window.used(now)[_REQUESTS] / seconds, taken_at, now)

    def succeeded(self, taken_at: float, now: float) -> None:
        """Speed up again, if it was slowed down."""
        if self._pace is not None:
            self._pace.succeeded(taken_at, now)

    def learn(self, limits: RateLimits, now: float) -> None:
        """Take over the limits that the provider tells."""
        if self._pace is None:
            return
        for kind, told in enumerate((limits.requests, limits.tokens, limits.input_tokens, limits.output_tokens)):
            if told is not None and told.period <= MINUTE:
                self._believe(kind, told, now)

    def _believe(self, kind: int, told: RateLimit, now: float) -> None:
        """Believe the provider, but never beyond what was configured."""
        self._set_limit(kind, min(self._configured[kind], told.limit * MINUTE / told.period))
        if told.remaining is not None and told.period == MINUTE:
            seconds = MINUTE if told.reset is None else min(told.reset, MINUTE)
            used = told.limit - told.remaining
            if kind in self._buckets:
                self._buckets[kind].observe(used, now, seconds)
            else:
                self._window.observe(kind, used, now, seconds)

    def _set_limit(self, kind: int, limit: float) -> None:
        self._limits[kind] = limit
        if self._window_limits is not self._limits and limit < math.inf and kind not in self._buckets:
            self._buckets[kind] = RequestBucket(limit) if kind == _REQUESTS else TokenBucket(limit)

    def after_fork(self) -> None:
        """Begin with nothing in flight."""
        self._in_flight = 0

    def state(self, now: float) -> QuotaState:
        """Return what is known at a time."""
        pace = math.inf if self._pace is None else self._pace.value * MINUTE
        requests, tokens, *_ = self._window.used(now)
        rpm, tpm, itpm, otpm = self._limits
        return QuotaState(
            in_flight=self._in_flight,
            concurrency=None if self._concurrency == math.inf else int(self._concurrency),
            rpm_now=requests,
            tpm_now=tokens,
            rpm=_known(min(rpm, pace)),
            tpm=_known(tpm),
            itpm=_known(itpm),
            otpm=_known(otpm),
        )


def _counts(amounts: Amounts) -> tuple[float, float, float, float]:
    """Return the amounts by their kinds."""
    requests, input_tokens, output_tokens = amounts
    return requests, input_tokens + output_tokens, input_tokens, output_tokens


def _limit(limit: float | None) -> float:
    return math.inf if limit is None else limit


def _known(limit: float) -> float | None:
    return None if limit == math.inf else limit

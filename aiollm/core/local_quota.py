"""The limits of one process: rates, concurrency, and what is found out of the provider's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, Protocol

from aiollm.core.adaptive_rate import AdaptiveRate
from aiollm.core.leaky_bucket import RequestBucket, TokenBucket
from aiollm.core.quota import MINUTE, Amounts, QuotaState
from aiollm.core.sliding_window import SlidingWindow
from aiollm.wire.rate_limits import RateLimit, RateLimits

__all__ = ["LocalQuota", "Mode"]

Mode = Literal["strict", "bucket"]


class _Meter(Protocol):
    """What says whether more fits."""

    def wait(self, amount: float, limit: float, now: float) -> float: ...

    def add(self, amount: float, now: float) -> None: ...

    def settle(self, held: float, real: float, at: float, now: float) -> None: ...

    def observe(self, used: float, now: float, seconds: float) -> None: ...


class _Rate:
    """So many of one kind a minute.

    Args:
        limit: how many; None for any number, until the provider tells one.
        new_bucket: makes what counts in a limit's place, where a window is not to.

    Attributes:
        limit: how many at present; `inf` for any number.
        window: how many there were in the last minute.
        meter: says whether more fits: the window, or a bucket.
    """

    __slots__ = ("_configured", "_new_bucket", "limit", "meter", "window")

    def __init__(self, limit: float | None, new_bucket: Callable[[float], _Meter] | None) -> None:
        self._configured = math.inf if limit is None else limit
        self.window = SlidingWindow()
        self.meter: _Meter = self.window
        self._new_bucket = new_bucket
        self._set_limit(self._configured)

    def _set_limit(self, limit: float) -> None:
        self.limit = limit
        if self._new_bucket is not None and limit < math.inf:
            self.meter = self._new_bucket(limit)
            self._new_bucket = None

    def learn(self, told: RateLimit, now: float) -> None:
        """Believe the provider, but never beyond what was configured."""
        if told.period > MINUTE:
            return
        self._set_limit(min(self._configured, told.limit * MINUTE / told.period))
        if told.remaining is not None and told.period == MINUTE:
            seconds = MINUTE if told.reset is None else min(told.reset, MINUTE)
            self.meter.observe(told.limit - told.remaining, now, seconds)


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
        bucket = TokenBucket if mode == "bucket" else None
        self._requests = _Rate(requests, RequestBucket if mode == "bucket" else None)
        self._tokens = _Rate(tokens, bucket)
        self._input_tokens = _Rate(input_tokens, bucket)
        self._output_tokens = _Rate(output_tokens, bucket)
        self._counting: tuple[_Rate, ...] = (self._requests, self._tokens)
        if input_tokens is not None or output_tokens is not None:
            self._count_apart()
        self._concurrency = concurrency
        self._in_flight = 0
        self._pace = AdaptiveRate() if adaptive else None
        self._began = math.inf

    @property
    def slowed(self) -> bool:
        """Whether the provider has refused a request, and the pace is found out by trying."""
        return self._pace is not None and self._pace.value < math.inf

    def take(self, amounts: Amounts, now: float) -> float:
        """Take the amounts and a place of the concurrency, or say for how long there is no room."""
        if self._concurrency is not None and self._in_flight >= self._concurrency:
            return math.inf
        counts = _counts(amounts)
        pace = self._pace
        if pace is not None and pace.value == math.inf:
            pace = None
        wait = 0.0 if pace is None else pace.wait(now)
        for rate, amount in zip(self._counting, counts, strict=False):
            if rate.limit < math.inf:
                wait = max(wait, rate.meter.wait(amount, rate.limit, now))
        if wait > 0:
            return wait
        for rate, amount in zip(self._counting, counts, strict=False):
            rate.window.add(amount, now)
            if rate.meter is not rate.window:
                rate.meter.add(amount, now)
        if pace is not None:
            pace.add(amounts.requests, now)
        self._in_flight += 1
        if self._began == math.inf:
            self._began = now
        return 0.0

    def settle(self, held: Amounts, real: Amounts, taken_at: float, now: float) -> None:
        """Book `real` in the place of `held`."""
        for rate, before, after in zip(self._counting, _counts(held), _counts(real), strict=False):
            if before != after:
                rate.window.settle(before, after, taken_at, now)
                if rate.meter is not rate.window:
                    rate.meter.settle(before, after, taken_at, now)

    def release(self, now: float) -> None:
        """Give back one place of the concurrency."""
        self._in_flight -= 1

    def share(self, amounts: Amounts) -> float:
        """Return the largest part of a minute's room that the amounts take; by tokens where there is no limit."""
        shares = [amount / rate.limit for rate, amount in zip(self._counting, _counts(amounts), strict=False)]
        return max(shares) or amounts.requests + amounts.tokens

    def throttled(self, taken_at: float, now: float) -> None:
        """Slow down: the provider has refused a request."""
        if self._pace is not None:
            seconds = min(MINUTE, max(1.0, now - self._began))
            self._pace.refused(self._requests.window.used(now) / seconds, taken_at, now)

    def succeeded(self, taken_at: float, now: float) -> None:
        """Speed up again, if it was slowed down."""
        if self._pace is not None:
            self._pace.succeeded(taken_at, now)

    def learn(self, limits: RateLimits, now: float) -> None:
        """Take over the limits that the provider tells."""
        if self._pace is None:
            return
        for rate, told in (
            (self._requests, limits.requests),
            (self._tokens, limits.tokens),
            (self._input_tokens, limits.input_tokens),
            (self._output_tokens, limits.output_tokens),
        ):
            if told is not None:
                rate.learn(told, now)
        if limits.input_tokens is not None or limits.output_tokens is not None:
            self._count_apart()

    def after_fork(self) -> None:
        """Begin with nothing in flight."""
        self._in_flight = 0

    def state(self, now: float) -> QuotaState:
        """Return what is known at a time."""
        pace = math.inf if self._pace is None else self._pace.value * MINUTE
        return QuotaState(
            in_flight=self._in_flight,
            concurrency=self._concurrency,
            rpm_now=self._requests.window.used(now),
            tpm_now=self._tokens.window.used(now),
            rpm=_known(min(self._requests.limit, pace)),
            tpm=_known(self._tokens.limit),
            itpm=_known(self._input_tokens.limit),
            otpm=_known(self._output_tokens.limit),
        )

    def _count_apart(self) -> None:
        """Count the tokens of prompts and of answers, beside those of both."""
        self._counting = (self._requests, self._tokens, self._input_tokens, self._output_tokens)


def _counts(amounts: Amounts) -> tuple[float, float, float, float]:
    """Return the amounts in the order of the rates."""
    requests, input_tokens, output_tokens = amounts
    return requests, input_tokens + output_tokens, input_tokens, output_tokens


def _known(limit: float) -> float | None:
    return None if limit == math.inf else limit

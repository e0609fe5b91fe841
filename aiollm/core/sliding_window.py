"""The requests and tokens of the last period, kept exactly."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Literal, NamedTuple, get_args

import msgspec

from aiollm.core.quota import MINUTE, Amounts

__all__ = ["KINDS", "Kind", "Rates", "SlidingWindow"]

SLOTS = 1024
"""Into how many parts a period is divided at the most: what is added within one part is kept together until the last of
it is a period old. That bounds the memory, and costs a busy limit a thousandth."""

_TINY = 1e-6  # of a unit; sums of parts of units are not exact

Kind = Literal["requests", "tokens", "input_tokens", "output_tokens"]
"""What is limited, each by itself."""

KINDS: tuple[Kind, ...] = get_args(Kind)


class Rates(NamedTuple):
    """How many of each kind a period may have; `inf` for any number."""

    requests: float = math.inf
    tokens: float = math.inf
    input_tokens: float = math.inf
    output_tokens: float = math.inf


_ANY_RATES = Rates()


class _Sum(msgspec.Struct, eq=False):
    """What was added within one part of a period, or in all of them."""

    last: float
    requests: float = 0.0
    input_tokens: float = 0.0
    output_tokens: float = 0.0

    @property
    def tokens(self) -> float:
        return self.input_tokens + self.output_tokens

    def subtract(self, other: _Sum) -> None:
        self.requests -= other.requests
        self.input_tokens -= other.input_tokens
        self.output_tokens -= other.output_tokens


class SlidingWindow:
    """Tells when a request fits, such that no period, wherever it begins, holds more than its rates.

    What each request needs is written out here: a window for each kind took 9.5 us a request, this one 4.

    Args:
        period: seconds.
    """

    def __init__(self, period: float = MINUTE) -> None:
        self._period = period
        self._slots_a_second = SLOTS / period
        self._slots: OrderedDict[int, _Sum] = OrderedDict()  # by the number of the part of a period
        self._used = _Sum(0.0)
        self._until = math.inf  # then the first of them is a period old, unless it is added to
        self._others: dict[Kind, tuple[float, float]] = {}  # what others have used, who share the rates, and till when

    def used(self, kind: Kind, now: float) -> float:
        """Return how many of a kind were added in the period that ends now."""
        if now >= self._until:
            self._forget(now)
        used: float = getattr(self._used, kind)
        return used

    def _forget(self, now: float) -> None:
        """Drop what is a period old."""
        while self._slots:
            number, slot = next(iter(self._slots.items()))
            self._until = slot.last + self._period
            if now < self._until:
                return
            self._used.subtract(slot)
            del self._slots[number]
        self._used, self._until = _Sum(now), math.inf

    def take(self, amounts: Amounts, rates: Rates, now: float) -> float:
        """Book a request and return 0 if it fits, else return for how many seconds it does not."""
        if now >= self._until:
            self._forget(now)
        most_requests, most_tokens, most_input_tokens, most_output_tokens = rates
        used = self._used
        input_tokens = used.input_tokens + amounts.input_tokens
        output_tokens = used.output_tokens + amounts.output_tokens
        surely = (
            used.requests + amounts.requests <= most_requests
            and input_tokens + output_tokens <= most_tokens
            and input_tokens <= most_input_tokens
            and output_tokens <= most_output_tokens
            and not self._others
        )
        if not surely and (wait := self.wait(amounts, rates, now)) > 0:
            return wait
        self._add(amounts.requests, amounts.input_tokens, amounts.output_tokens, now)
        return 0.0

    def add(self, amounts: Amounts, now: float) -> None:
        """Book a request, whether it fits or not."""
        self.take(amounts, _ANY_RATES, now)

    def _add(self, requests: int, input_tokens: float, output_tokens: float, now: float) -> None:
        number = int(now * self._slots_a_second)
        slot, used = self._slots.get(number), self._used
        if slot is None:
            self._slots[number] = slot = _Sum(now)
            self._until = min(self._until, now + self._period)
        slot.last = now
        slot.requests += requests
        used.requests += requests
        slot.input_tokens += input_tokens
        used.input_tokens += input_tokens
        slot.output_tokens += output_tokens
        used.output_tokens += output_tokens

    def wait(self, amounts: Amounts, rates: Rates, now: float) -> float:
        """Return for how many seconds a request does not fit. One above a rate fits when it is alone."""
        if now >= self._until:
            self._forget(now)
        return max(self._wait(kind, getattr(amounts, kind), rate, now) for kind, rate in zip(KINDS, rates, strict=True))

    def _wait(self, kind: Kind, amount: float, rate: float, now: float) -> float:
        if amount <= 0:
            return 0.0
        others, others_until = self._others.get(kind, (0.0, now))
        excess: float = getattr(self._used, kind) + amount - max(rate, amount)
        if now < others_until:
            excess += others
        if excess <= _TINY:
            return 0.0
        for slot in self._slots.values():
            excess -= getattr(slot, kind)
            if excess <= _TINY:
                return slot.last + self._period - now
        return others_until - now

    def settle(self, held: Amounts, real: Amounts, at: float, now: float) -> None:
        """Correct what was added at a time. What exceeds it counts from now on: when it was spent is not known."""
        requests = real.requests - held.requests
        input_tokens = real.input_tokens - held.input_tokens
        output_tokens = real.output_tokens - held.output_tokens
        slot, used = self._slots.get(int(at * self._slots_a_second)), self._used
        if slot is None:  # it is a period old, and nothing of it is left to give back
            slot = _Sum(at)
        if requests < 0:
            less = max(requests, -slot.requests)
            slot.requests += less
            used.requests += less
            requests = 0
        if input_tokens < 0:
            less = max(input_tokens, -slot.input_tokens)
            slot.input_tokens += less
            used.input_tokens += less
            input_tokens = 0.0
        if output_tokens < 0:
            less = max(output_tokens, -slot.output_tokens)
            slot.output_tokens += less
            used.output_tokens += less
            output_tokens = 0.0
        if requests or input_tokens > _TINY or output_tokens > _TINY:
            self._add(requests, input_tokens, output_tokens, now)

    def observe(self, kind: Kind, used: float, now: float, seconds: float) -> None:
        """Take in what the provider counts in the period: what is not ours is that of others, for so many seconds."""
        self._others[kind] = max(0.0, used - self.used(kind, now)), now + seconds

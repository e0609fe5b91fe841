"""Which of several deployments takes a call: pure functions of what was measured, the time and chance.

Each gets the members that may be asked, at least one, and returns one of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from aiollm.router.member import Demand, Member

__all__ = ["STRATEGIES", "Draw", "LatencyBased", "Strategy", "strategy_named"]

Draw = Callable[[], float]
"""Gives random numbers from 0 up to, and without, 1."""


class Strategy(Protocol):
    """A way to choose."""

    def __call__(self, members: Sequence[Member], demand: Demand, now: float, draw: Draw) -> Member: ...


def simple_shuffle(members: Sequence[Member], demand: Demand, now: float, draw: Draw) -> Member:
    """Choose at random, in the proportion of the weights; where all weigh the same, of `rpm`, or else of `tpm`."""
    deployments = [member.deployment for member in members]
    if len({deployment.weight for deployment in deployments}) == 1:
        for limits in ([each.rpm for each in deployments], [each.tpm for each in deployments]):
            if all(limits):
                return _drawn(members, [limit or 0 for limit in limits], draw)
    return weighted(members, demand, now, draw)


def weighted(members: Sequence[Member], demand: Demand, now: float, draw: Draw) -> Member:
    """Choose at random, in the proportion of the weights."""
    return _drawn(members, [member.deployment.weight for member in members], draw)


def least_busy(members: Sequence[Member], demand: Demand, now: float, draw: Draw) -> Member:
    """Choose the one with the fewest attempts in flight for its weight."""

    def load(member: Member) -> float:
        weight = member.deployment.weight
        return member.statistics.in_flight / weight if weight else math.inf

    return _least(members, load, draw)


def usage_based(members: Sequence[Member], demand: Demand, now: float, draw: Draw) -> Member:
    """Choose the one that has used the smallest part of its tokens of this minute, or of its requests."""

    def used(member: Member) -> tuple[float, float]:
        deployment, statistics = member.deployment, member.statistics
        tokens, requests = statistics.tokens.total(now), statistics.requests.total(now)
        return tokens / (deployment.tpm or math.inf), requests / (deployment.rpm or math.inf)

    if any(member.deployment.tpm or member.deployment.rpm for member in members):
        return _least(members, lambda member: max(used(member)), draw)
    return _least(members, lambda member: member.statistics.tokens.total(now), draw)


def cost_based(members: Sequence[Member], demand: Demand, now: float, draw: Draw) -> Member:
    """Choose the cheapest by the price of a token in and a token out; those of unknown price come last."""

    def price(member: Member) -> float:
        token_in, token_out = member.deployment.input_cost_per_token, member.deployment.output_cost_per_token
        return math.inf if token_in is None and token_out is None else (token_in or 0.0) + (token_out or 0.0)

    return _least(members, price, draw)


class LatencyBased(msgspec.Struct, frozen=True, kw_only=True):
    """Choose the better of two drawn at random: the one whose answer can be expected to begin sooner.

    The best of all would be run over by everybody at once, because what makes it slow is known only later. With two
    drawn each time the slowest is hardly ever asked, and the others share the calls.

    What was measured is believed less as it grows older, so that one that was slow once is asked again.

    Attributes:
        ttl: seconds after which two thirds of a measured difference are forgotten.
        lowest_latency_buffer: by which part the worse of two may be slower and still count as equal.
    """

    ttl: float = 60.0
    lowest_latency_buffer: float = 0.0

    def __post_init__(self) -> None:
        if not self.ttl > 0:
            raise ValueError(f"ttl must be > 0; got {self.ttl!r}")
        if not self.lowest_latency_buffer >= 0:
            raise ValueError(f"lowest_latency_buffer must be >= 0; got {self.lowest_latency_buffer!r}")

    def __call__(self, members: Sequence[Member], demand: Demand, now: float, draw: Draw) -> Member:
        first = members[int(draw() * len(members))]
        others = [member for member in members if member is not first]
        if not others:
            return first
        second = others[int(draw() * len(others))]
        measured = [member.statistics.latency(stream=demand.stream).average for member in members]
        best = min((average for average in measured if average is not None), default=1.0)
        waits = [self._expected(member, demand, now, best) for member in (first, second)]
        if max(waits) <= min(waits) * (1 + self.lowest_latency_buffer):
            return first  # itself drawn at random
        return first if waits[0] < waits[1] else second

    def _expected(self, member: Member, demand: Demand, now: float, best: float) -> float:
        """Return the wait for an answer: as measured, behind those that are waited for already."""
        latency = member.statistics.latency(stream=demand.stream)
        wait = best
        if latency.average is not None:
            wait += (latency.average - best) * math.exp((latency.measured - now) / self.ttl)
        return wait * (1 + member.statistics.waiting)


STRATEGIES: Mapping[str, Strategy] = {
    "simple-shuffle": simple_shuffle,
    "weighted": weighted,
    "least-busy": least_busy,
    "usage-based-routing": usage_based,
    "usage-based-routing-v2": usage_based,
    "latency-based-routing": LatencyBased(),
    "cost-based-routing": cost_based,
}
"""By LiteLLM's names; two of them are one here."""


def strategy_named(name: str, arguments: Mapping[str, Any]) -> Strategy:
    """Return a strategy with its arguments, which only the latency-based one takes.

    Raises:
        ValueError: there is none of the name, or it does not take an argument.
    """
    found = STRATEGIES.get(name)
    if found is None:
        raise ValueError(f"routing_strategy must be one of {', '.join(STRATEGIES)}; got {name!r}")
    takes = LatencyBased.__struct_fields__ if isinstance(found, LatencyBased) else ()
    unknown = sorted(set(arguments) - set(takes))
    if unknown:
        words = f"takes {' and '.join(takes)}" if takes else "takes no arguments"
        raise ValueError(f"routing_strategy_args: {name} {words}; got {', '.join(unknown)}")
    return replace(found, **arguments) if isinstance(found, LatencyBased) else found


def _drawn(members: Sequence[Member], weights: Sequence[float], draw: Draw) -> Member:
    """Draw one in the proportion of the weights; where all are 0, any."""
    total = sum(weights)
    if total <= 0:
        return members[int(draw() * len(members))]
    point = draw() * total
    for member, weight in zip(members, weights, strict=True):
        point -= weight
        if point < 0:
            return member
    return next(member for member, weight in zip(reversed(members), reversed(weights), strict=True) if weight)


def _least(members: Sequence[Member], measure: Callable[[Member], float], draw: Draw) -> Member:
    """Return the member with the least of something; among equals, one at random."""
    measures = [measure(member) for member in members]
    least = min(measures)
    equals = [member for member, found in zip(members, measures, strict=True) if found == least]
    return equals[int(draw() * len(equals))]

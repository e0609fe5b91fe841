"""Several replicas of a model under a load, in virtual time: how long calls wait for their first token.

A replica's wait is drawn from a lognormal distribution and grows with the calls that wait there already. The
deployments are chosen, measured and left alone by the router's own code.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from attrs import frozen

from aiollm.router.fleet import Fleet
from aiollm.router.health import CooldownRules
from aiollm.router.member import Demand, Member
from aiollm.router.selection import Selection
from aiollm.router.strategy import Draw, Strategy
from tests.router.fleets import deployment

ANSWER_SECONDS = 4.0
BATCH = 8
"""Calls that a replica reads the prompts of at once: with so many waiting, the wait has doubled."""


@frozen
class Load:
    """Calls that come at random times.

    Attributes:
        rate: calls a second.
        seconds: for how long.
        typical: replica -> its median wait, in seconds.
        spread: standard deviation of the logarithm of the waits.
    """

    rate: float = 10.0
    seconds: float = 300.0
    typical: Mapping[str, float] = MappingProxyType({"a": 0.3, "b": 0.3, "c": 0.3, "slow": 1.5})
    spread: float = 0.35


def waits(strategy: Strategy, load: Load, seed: int) -> list[float]:
    """Return how long each call waited, in seconds."""
    chance = random.Random(seed)
    fleet = Fleet(Selection(strategy=strategy), CooldownRules(), {}, chance.random)
    fleet.replace(deployment(id) for id in load.typical)
    found: list[float] = []
    order = itertools.count()
    due: list[tuple[float, int, Callable[[float], None]]] = []  # what happens next, at which time

    def at(time: float, happens: Callable[[float], None]) -> None:
        heapq.heappush(due, (time, next(order), happens))

    def come(now: float) -> None:
        trial = fleet.begin("g", Demand(stream=True), (), now)
        member = trial.member
        typical = load.typical[member.deployment.id] * (1 + (member.statistics.waiting - 1) / BATCH)
        wait = typical * chance.lognormvariate(0.0, load.spread)
        found.append(wait)
        at(now + wait, trial.answered)
        at(now + wait + ANSWER_SECONDS, lambda now: trial.complete(now, None))
        if now < load.seconds:
            at(now + chance.expovariate(load.rate), come)

    at(0.0, come)
    while due:
        now, _, happens = heapq.heappop(due)
        happens(now)
    return found


def round_robin() -> Strategy:
    turn = itertools.count()

    def take_turns(members: Sequence[Member], demand: Demand, now: float, draw: Draw) -> Member:
        return members[next(turn) % len(members)]

    return take_turns


def p95(found: list[float]) -> float:
    return sorted(found)[int(0.95 * len(found))]

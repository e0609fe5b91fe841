from __future__ import annotations

from contextlib import nullcontext

import pytest

from aiollm import exceptions as errors
from aiollm.router.health import CooldownRules
from aiollm.router.member import Demand, Member
from aiollm.router.trial import Trial
from tests.router.fleets import member

DEMAND = Demand(stream=True, tokens=100)


def begin(one: Member, now: float = 0.0, demand: Demand = DEMAND) -> Trial:
    return Trial(one, demand, now, alone=False, guard=nullcontext())


def counts(one: Member, now: float) -> tuple[int, int, float, float]:
    seen = one.statistics
    return seen.waiting, seen.in_flight, seen.requests.total(now), seen.tokens.total(now)


def test_a_stream_is_waited_for_then_in_flight_then_over() -> None:
    one = member()
    trial = begin(one)
    assert counts(one, 0.0) == (1, 1, 1, 100)
    trial.answered(0.4)
    assert counts(one, 0.4) == (0, 1, 1, 100)
    trial.complete(2.0, 150)
    assert counts(one, 2.0) == (0, 0, 1, 150)
    assert (one.statistics.first_token.average, one.statistics.whole.average) == (0.4, None)
    assert (one.statistics.successes, one.statistics.failures) == (1, 0)


def test_without_a_count_of_the_provider_the_estimate_stands() -> None:
    one = member()
    begin(one).complete(1.0, None)
    assert counts(one, 1.0) == (0, 0, 1, 100)


def test_a_failure_counts_against_it_and_a_timeout_is_a_wait_too() -> None:
    one = member()
    begin(one).failed(errors.InternalServerError(), 0.1)
    assert one.statistics.first_token.average is None
    begin(one).failed(errors.FirstTokenTimeout(), 9.0)
    assert one.statistics.first_token.average == 9.0
    assert one.statistics.failures == 2
    assert counts(one, 9.0)[:2] == (0, 0)


@pytest.mark.parametrize(("waited", "speaks"), [(0.5, False), (2.0, True)])
def test_a_hasty_caller_speaks_against_it_only_when_it_is_late(waited: float, speaks: bool) -> None:
    one = member(rules=CooldownRules(allowed_fails=0))
    begin(one).answered(1.0)
    begin(one, now=10.0).failed(errors.TotalTimeout(), 10.0 + waited, hasty=True)
    assert one.health.fit(10.0 + waited) is not speaks
    assert one.statistics.first_token.average == pytest.approx(1.3 if speaks else 1.0)


def test_a_race_that_is_lost_is_a_wait_where_it_was_longer_than_others() -> None:
    one = member()
    begin(one).withdrawn(9.0)
    assert one.statistics.first_token.average is None
    begin(one, now=10.0).answered(11.0)
    begin(one, now=20.0).withdrawn(20.5)
    assert one.statistics.first_token.average == 1.0
    begin(one, now=30.0).withdrawn(32.0)
    assert one.statistics.first_token.average == pytest.approx(1.3)


def test_an_answer_that_breaks_off_is_no_wait() -> None:
    one = member()
    trial = begin(one)
    trial.answered(1.0)
    trial.failed(errors.IdleTimeout(), 100.0, 120)
    assert one.statistics.first_token.average == 1.0
    assert one.statistics.failures == 1


def test_one_that_was_given_up_tells_nothing() -> None:
    one = member()
    begin(one).withdrawn(5.0)
    assert counts(one, 5.0) == (0, 0, 1, 100)
    assert (one.statistics.successes, one.statistics.failures) == (0, 0)


@pytest.mark.parametrize("order", [("complete", "failed"), ("failed", "withdrawn"), ("withdrawn", "complete")])
def test_it_ends_once(order: tuple[str, str]) -> None:
    one = member()
    trial = begin(one)
    ends = {
        "complete": lambda: trial.complete(1.0, 100),
        "failed": lambda: trial.failed(errors.RateLimitError(), 1.0),
        "withdrawn": lambda: trial.withdrawn(1.0),
    }
    for name in order:
        ends[name]()
    assert counts(one, 1.0) == (0, 0, 1, 100)
    assert one.statistics.successes + one.statistics.failures <= 1

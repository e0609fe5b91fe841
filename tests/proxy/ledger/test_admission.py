"""Limits and budgets: reserved when a call is let in, settled once when it has ended."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.keys import Holder
from aiollm.proxy.ledger import Admissions, Charge, Reservation
from aiollm.proxy.ledger.row import dollars, nanodollars
from tests.proxy.ledger.rows import DAY, NOON, key

TEAM = Holder(kind="team", name="t", parallel=1)


def admit(
    admissions: Admissions, *holders: Holder, at: float = 0.0, now: float = NOON, tokens: int = 10, cost: int = 100
) -> Reservation:
    return admissions.admit(holders, now, at, tokens=tokens, cost=cost)


def refused(admissions: Admissions, *holders: Holder, **given: float) -> Failure:
    with pytest.raises(Refusal) as caught:
        admit(admissions, *holders, **given)  # type: ignore[arg-type]
    return caught.value.failure


def test_a_holder_without_limits_is_let_in() -> None:
    admissions = Admissions()
    for _ in range(1000):
        admit(admissions, key())


def test_no_more_requests_a_minute_than_the_limit_and_the_wait_is_told() -> None:
    admissions, limited = Admissions(), key(rpm=2)
    admit(admissions, limited, at=0.0)
    admit(admissions, limited, at=20.0)
    failure = refused(admissions, limited, at=30.0)
    assert (failure.status, failure.code, failure.retryable) == (429, "rate_limit_exceeded", True)
    assert failure.retry_after == pytest.approx(30.0)
    admit(admissions, limited, at=60.0 + failure.retry_after / 1000)


def test_tokens_are_booked_by_what_was_really_taken() -> None:
    admissions, limited = Admissions(), key(tpm=100)
    admit(admissions, limited, tokens=90).settle(1.0, tokens=20, cost=0)
    admit(admissions, limited, tokens=70, at=2.0).settle(3.0, tokens=None, cost=0)
    assert refused(admissions, limited, tokens=20, at=4.0).code == "rate_limit_exceeded"


def test_a_place_is_given_back_by_the_settlement_and_only_once() -> None:
    admissions, limited = Admissions(), key(parallel=1)
    first = admit(admissions, limited)
    failure = refused(admissions, limited)
    assert (failure.retry_after, "in flight" in failure.message) == (1.0, True)
    first.settle(1.0, tokens=1, cost=1)
    first.settle(1.0, tokens=1, cost=1)
    admit(admissions, limited)
    assert refused(admissions, limited).code == "rate_limit_exceeded"
    assert admissions.spent(limited, NOON) == 1


def test_what_was_never_sent_gives_its_minute_back() -> None:
    admissions, limited = Admissions(), key(rpm=1)
    admit(admissions, limited).settle(0.0, tokens=0, cost=0, sent=False)
    admit(admissions, limited)


def test_a_refusal_takes_nothing_from_anyone() -> None:
    admissions, limited = Admissions(), key(rpm=2, parallel=2, budget=1000)
    held = admit(admissions, TEAM)
    for _ in range(5):
        assert "this team" in refused(admissions, limited, TEAM).message
    held.settle(0.0, tokens=0, cost=0)
    admit(admissions, limited, TEAM)
    assert "this team" in refused(admissions, limited, TEAM).message


def test_calls_in_flight_count_as_spent() -> None:
    admissions, poor = Admissions(), key(budget=250)
    calls = [admit(admissions, poor) for _ in range(2)]
    failure = refused(admissions, poor)
    assert (failure.status, failure.code, failure.retry_after) == (429, "budget_exceeded", None)
    calls[0].settle(0.0, tokens=1, cost=10)
    admit(admissions, poor)
    assert Admissions(over_budget=422).over_budget == 422


def test_a_spent_budget_says_when_the_next_one_begins() -> None:
    admissions, poor = Admissions(), key(budget=100, budget_period=DAY, created=NOON)
    admit(admissions, poor, now=NOON + 1).settle(0.0, tokens=1, cost=100)
    assert refused(admissions, poor, now=NOON + DAY - 5).retry_after == pytest.approx(5.0)
    admit(admissions, poor, now=NOON + DAY)
    assert admissions.spent(poor, NOON + DAY) == 0


def test_a_call_that_began_in_the_last_period_is_not_charged_to_this_one() -> None:
    admissions, poor = Admissions(), key(budget=100, budget_period=DAY, created=NOON)
    late = admit(admissions, poor, now=NOON + DAY - 1)
    admit(admissions, poor, now=NOON + DAY)
    late.settle(0.0, tokens=1, cost=100)
    assert admissions.spent(poor, NOON + DAY) == 0
    assert late.charges == (Charge("key", "k", NOON),)


def test_what_others_have_spent_is_taken_over_from_the_store() -> None:
    admissions, poor = Admissions(), key(budget=1000)
    admissions.refresh({(poor.id, 0.0): 950})
    assert refused(admissions, poor).code == "budget_exceeded"
    admissions.refresh({(poor.id, 0.0): 100})
    admit(admissions, poor).settle(0.0, tokens=1, cost=70)
    assert admissions.spent(poor, NOON) == 170
    admissions.written({(poor.id, 0.0): 70})
    admissions.refresh({(poor.id, 0.0): 170})
    assert admissions.spent(poor, NOON) == 170


def test_the_newest_period_in_the_store_is_the_one_that_counts() -> None:
    admissions, poor = Admissions(), key(budget=1000, budget_period=DAY, created=NOON)
    admissions.refresh({(poor.id, NOON + DAY): 7, (poor.id, NOON): 900})
    assert admissions.spent(poor, NOON + DAY + 1) == 7


def test_other_limits_hold_from_the_next_call_on() -> None:
    admissions = Admissions()
    held = admit(admissions, key(parallel=1))
    admit(admissions, key(parallel=2))
    held.settle(0.0, tokens=1, cost=0)
    admit(admissions, key(parallel=2))
    assert refused(admissions, key(parallel=2)).code == "rate_limit_exceeded"


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.booleans()), max_size=40))
def test_a_budget_is_never_overrun_by_calls_that_cost_no_more_than_reserved(calls: list[tuple[int, int, bool]]) -> None:
    admissions, poor = Admissions(), key(budget=100)
    flying: list[tuple[Reservation, int]] = []
    for reserved, real, ends in calls:
        with suppress(Refusal):
            flying.append((admit(admissions, poor, cost=reserved), min(real, reserved)))
        if ends and flying:
            reservation, cost = flying.pop(0)
            reservation.settle(0.0, tokens=1, cost=cost)
    for reservation, cost in flying:
        reservation.settle(0.0, tokens=1, cost=cost)
    assert admissions.spent(poor, NOON) <= 100


@pytest.mark.parametrize("usd", [None, -1.0, float("nan"), 0.0])
def test_what_is_no_sum_costs_nothing(usd: float | None) -> None:
    assert nanodollars(usd) == 0


def test_sums_are_exact_and_bounded() -> None:
    assert nanodollars(0.000000123) == 123
    assert dollars(nanodollars(1.25)) == 1.25
    assert nanodollars(float("inf")) == nanodollars(1e300) == 2**53

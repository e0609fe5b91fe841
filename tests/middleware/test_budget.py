"""The ledger of a budget, on a clock of its own."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiollm import Budget, BudgetExceededError
from aiollm.middleware.budget import Amount


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_is_reserved_is_gone_until_it_is_settled() -> None:
    budget = Budget(usd=1.0, tokens=100)
    reservation = budget.reserve(0.75, 60)
    assert (budget.reserved, budget.spent, budget.remaining) == (Amount(0.75, 60), Amount(0, 0), Amount(0.25, 40))
    reservation.settle(0.5, 30)
    assert (budget.reserved, budget.spent, budget.remaining) == (Amount(0, 0), Amount(0.5, 30), Amount(0.5, 70))


def test_a_limit_may_be_on_one_of_the_two() -> None:
    assert Budget(usd=1.0).remaining == Amount(1.0, None)
    assert Budget(tokens=5).remaining == Amount(None, 5)


def test_only_the_first_settlement_counts() -> None:
    budget = Budget(usd=1.0)
    reservation = budget.reserve(0.5, 0)
    for _ in range(2):
        reservation.settle(0.25, 0)
    assert (budget.spent.usd, budget.reserved.usd) == (0.25, 0.0)


@pytest.mark.parametrize(
    ("limits", "wanted", "words", "cost"),
    [
        ({"usd": 1.0}, (0.5, 10), r"\$1 .*\$0.25 are spent, \$0.5 reserved .*up to \$0.5; nothing was sent", 0.75),
        ({"tokens": 1500}, (0.5, 1000), "1,500 tokens .*200 tokens are spent, 500 tokens reserved .*1,000 tokens", 700),
    ],
)
def test_a_call_that_does_not_fit_is_refused_in_words(
    limits: Any, wanted: tuple[float, int], words: str, cost: float
) -> None:
    budget = Budget(**limits)
    budget.reserve(0.5, 300).settle(0.25, 200)
    budget.reserve(0.5, 500)
    with pytest.raises(BudgetExceededError, match=words) as caught:
        budget.reserve(*wanted)
    assert (caught.value.current_cost, caught.value.max_budget) == (cost, next(iter(limits.values())))
    assert budget.reserved == Amount(0.5, 500)


def test_what_fits_exactly_fits() -> None:
    budget = Budget(usd=0.3)
    for _ in range(3):
        budget.reserve(0.1, 0)
    assert budget.remaining.usd == 0.0


def test_a_call_may_cost_more_than_was_thought_and_the_next_one_waits() -> None:
    budget = Budget(usd=1.0)
    budget.reserve(0.5, 0).settle(1.5, 0)
    assert budget.remaining.usd == -0.5
    with pytest.raises(BudgetExceededError):
        budget.reserve(0.0, 0)


def test_an_estimate_is_told_apart() -> None:
    budget = Budget(usd=1.0)
    budget.reserve(0.5, 10).settle(0.25, 5, estimated=True)
    budget.reserve(0.5, 10).settle(0.25, 7)
    assert (budget.spent, budget.estimated) == (Amount(0.5, 12), Amount(0.25, 5))


def test_what_has_left_the_window_is_forgotten() -> None:
    clock = Clock()
    budget = Budget(usd=1.0, window_seconds=60, clock=clock)
    budget.reserve(1.0, 10).settle(0.75, 10, estimated=True)
    clock.now += 30
    budget.reserve(0.25, 10).settle(0.25, 10)
    assert budget.remaining.usd == 0.0
    clock.now += 31.5
    assert (budget.spent, budget.estimated) == (Amount(0.25, 10), Amount(0, 0))
    clock.now += 30
    assert (budget.spent, budget.remaining.usd) == (Amount(0, 0), 1.0)


def test_what_is_reserved_is_never_forgotten() -> None:
    clock = Clock()
    budget = Budget(usd=1.0, window_seconds=60, clock=clock)
    reservation = budget.reserve(1.0, 0)
    clock.now += 3600
    assert budget.reserved.usd == 1.0
    reservation.settle(1.0, 0)
    assert budget.spent.usd == 1.0


def test_the_memory_of_a_window_is_bounded() -> None:
    clock = Clock()
    budget = Budget(usd=1e9, window_seconds=60, clock=clock)
    for _ in range(3000):
        budget.reserve(1, 1).settle(1, 1)
        clock.now += 0.1
    assert len(budget._steps) <= 102
    assert 600 <= budget.spent.usd <= 612


@pytest.mark.parametrize(
    "given", [{}, {"usd": 0}, {"usd": "5"}, {"tokens": -1}, {"usd": 1, "window_seconds": 0}, {"usd": float("nan")}]
)
def test_a_budget_needs_limits_above_nothing(given: Any) -> None:
    with pytest.raises(ValueError, match="a budget needs"):
        Budget(**given)


def test_a_budget_shows_what_is_left_of_it() -> None:
    budget = Budget(usd=5, tokens=1000, window_seconds=60)
    budget.reserve(1, 10).settle(0.25, 8)
    assert repr(budget) == "<Budget of $5 and 1,000 tokens in 60 s, spent: $0.25 and 8 tokens>"


@given(st.lists(st.tuples(st.floats(0, 0.3), st.floats(0, 0.3), st.booleans()), max_size=40))
def test_money_is_neither_made_nor_lost(calls: list[tuple[float, float, bool]]) -> None:
    """Whatever the order, what is spent is what was settled, and never more is out than what was allowed."""
    budget, open_ones, settled = Budget(usd=1.0), [], 0
    for most, cost, ends in calls:
        try:
            open_ones.append((budget.reserve(most, 1), min(cost, most)))
        except BudgetExceededError:
            assert budget.spent.usd + budget.reserved.usd + most > 1.0
        if ends and open_ones:
            reservation, cost_of_it = open_ones.pop(0)
            reservation.settle(cost_of_it, 1)
            settled += round(cost_of_it * 10**12)
        assert budget.spent.usd + budget.reserved.usd <= 1.0 + 1e-9
    assert round(budget.spent.usd * 10**12) == settled
    for reservation, _ in open_ones:
        reservation.settle(0.0, 0)
    assert budget.reserved == Amount(0.0, 0)


def test_threads_share_one_ledger() -> None:
    budget = Budget(tokens=1000)
    granted: list[int] = []

    def spend() -> None:
        for _ in range(200):
            try:
                budget.reserve(0.0, 2).settle(0.0, 1)
            except BudgetExceededError:
                return
            granted.append(1)

    threads = [threading.Thread(target=spend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.spent.tokens == len(granted)
    assert budget.reserved.tokens == 0

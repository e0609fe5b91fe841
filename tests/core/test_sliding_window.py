"""The amounts of the last period."""

import pytest

from aiollm.core.quota import NOTHING, Amounts
from aiollm.core.sliding_window import KINDS, SLOTS, Rates, SlidingWindow


def test_an_amount_fits_up_to_the_limit_and_again_when_the_oldest_is_a_period_old():
    window = SlidingWindow(60)
    window.add(Amounts(6), 0.0)
    window.add(Amounts(3), 10.0)
    assert window.wait(Amounts(1), Rates(10), 20.0) == 0
    assert window.wait(Amounts(2), Rates(10), 20.0) == pytest.approx(40.0)
    assert window.wait(Amounts(2), Rates(10), 60.0) == 0


def test_what_needs_more_room_waits_for_as_many_as_that_takes():
    window = SlidingWindow(60)
    for at in range(10):
        window.add(Amounts(1), float(at))
    assert window.wait(Amounts(1), Rates(10), 10.0) == pytest.approx(50.0)
    assert window.wait(Amounts(4), Rates(10), 10.0) == pytest.approx(53.0)


def test_what_is_larger_than_the_limit_waits_until_it_is_alone():
    window = SlidingWindow(60)
    window.add(Amounts(1), 5.0)
    assert window.wait(Amounts(500), Rates(10), 6.0) == pytest.approx(59.0)
    assert window.wait(Amounts(500), Rates(10), 65.0) == 0


def test_what_takes_nothing_passes_a_window_that_is_more_than_full():
    window = SlidingWindow(60)
    window.add(Amounts(50), 0.0)
    assert window.wait(Amounts(0), Rates(10), 1.0) == 0


def test_what_was_added_close_together_is_kept_together_and_counts_until_the_last_is_old():
    window = SlidingWindow(60)
    for step in range(100_000):
        window.add(Amounts(1), step * 0.0005)
    assert len(window._slots) <= SLOTS + 1
    assert window.used("requests", 60.0) >= 80_000
    assert window.used("requests", 50.0 + 60.0) == 0


def test_what_nobody_asks_for_is_forgotten_too():
    window = SlidingWindow(60)
    for second in range(3_600):
        window.add(Amounts(1), float(second))
        window.settle(Amounts(1), NOTHING, float(second), second + 0.5)
    assert len(window._slots) <= 61
    assert window.used("requests", 3_600.0) == 0


def test_what_is_given_back_makes_room_at_once_where_it_was_taken():
    window = SlidingWindow(60)
    window.add(Amounts(6), 0.0)
    window.add(Amounts(4), 30.0)
    window.settle(Amounts(6), Amounts(1), 0.0, 31.0)
    assert window.used("requests", 31.0) == 5
    assert window.used("requests", 60.0) == 4


def test_what_was_taken_beyond_the_estimate_counts_from_when_it_is_known():
    window = SlidingWindow(60)
    window.add(Amounts(6), 0.0)
    window.settle(Amounts(6), Amounts(9), 0.0, 31.0)
    assert window.used("requests", 31.0) == 9
    assert window.used("requests", 60.0) == 3


def test_giving_back_what_is_a_period_old_changes_nothing():
    window = SlidingWindow(60)
    window.add(Amounts(6), 0.0)
    window.add(Amounts(4), 61.0)
    window.settle(Amounts(6), Amounts(0), 0.0, 62.0)
    assert window.used("requests", 62.0) == 4


def test_what_others_have_used_counts_until_it_is_known_better():
    window = SlidingWindow(60)
    window.add(Amounts(2), 0.0)
    window.observe("requests", 7, 1.0, 60.0)
    assert window.wait(Amounts(4), Rates(10), 2.0) == pytest.approx(58.0)
    window.observe("requests", 2, 3.0, 60.0)
    assert window.wait(Amounts(4), Rates(10), 3.0) == 0


def test_what_others_have_used_is_forgotten_in_time():
    window = SlidingWindow(60)
    window.observe("requests", 10, 0.0, 12.0)
    assert window.wait(Amounts(1), Rates(10), 1.0) == pytest.approx(11.0)
    assert window.wait(Amounts(1), Rates(10), 12.0) == 0


def test_tokens_have_a_limit_together_and_each_kind_one_of_its_own():
    window = SlidingWindow(60)
    window.add(Amounts(1, 30, 50), 0.0)
    assert window.wait(Amounts(1, 10, 10), Rates(tokens=100), 1.0) == 0
    assert window.wait(Amounts(1, 10, 11), Rates(tokens=100), 1.0) == pytest.approx(59.0)
    assert window.wait(Amounts(1, 11, 0), Rates(input_tokens=40), 1.0) == pytest.approx(59.0)
    assert window.wait(Amounts(1, 11, 0), Rates(output_tokens=40), 1.0) == 0
    assert window.wait(Amounts(1, 0, 11), Rates(output_tokens=60), 1.0) == pytest.approx(59.0)


def test_less_of_one_kind_is_given_back_and_more_of_another_counts_from_now_on():
    window = SlidingWindow(60)
    window.add(Amounts(1, 30, 50), 0.0)
    window.settle(Amounts(1, 30, 50), Amounts(1, 40, 20), 0.0, 31.0)
    assert [window.used(kind, 31.0) for kind in KINDS] == [1, 60, 40, 20]
    assert [window.used(kind, 60.0) for kind in KINDS] == [0, 10, 10, 0]

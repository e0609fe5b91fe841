"""The amounts of the last period."""

import pytest

from aiollm.core.sliding_window import SLOTS, SlidingWindow


def test_an_amount_fits_up_to_the_limit_and_again_when_the_oldest_is_a_period_old():
    window = SlidingWindow(1, 60)
    window.add([6], 0.0)
    window.add([3], 10.0)
    assert window.wait([1], [10], 20.0) == 0
    assert window.wait([2], [10], 20.0) == pytest.approx(40.0)
    assert window.wait([2], [10], 60.0) == 0


def test_what_needs_more_room_waits_for_as_many_as_that_takes():
    window = SlidingWindow(1, 60)
    for at in range(10):
        window.add([1], float(at))
    assert window.wait([1], [10], 10.0) == pytest.approx(50.0)
    assert window.wait([4], [10], 10.0) == pytest.approx(53.0)


def test_what_is_larger_than_the_limit_waits_until_it_is_alone():
    window = SlidingWindow(1, 60)
    window.add([1], 5.0)
    assert window.wait([500], [10], 6.0) == pytest.approx(59.0)
    assert window.wait([500], [10], 65.0) == 0


def test_what_takes_nothing_passes_a_window_that_is_more_than_full():
    window = SlidingWindow(1, 60)
    window.add([50], 0.0)
    assert window.wait([0], [10], 1.0) == 0


def test_what_was_added_close_together_is_kept_together_and_counts_until_the_last_is_old():
    window = SlidingWindow(1, 60)
    for step in range(100_000):
        window.add([1], step * 0.0005)
    assert len(window._slots) <= SLOTS + 1
    assert window.used(60.0)[0] >= 80_000
    assert window.used(50.0 + 60.0) == [0]


def test_what_nobody_asks_for_is_forgotten_too():
    window = SlidingWindow(1, 60)
    for second in range(3_600):
        window.add([1], float(second))
        window.settle([1], [0.5], float(second), second + 0.5)
    assert len(window._slots) <= 61
    assert window.used(3_600.0) == [29.5]


def test_what_is_given_back_makes_room_at_once_where_it_was_taken():
    window = SlidingWindow(1, 60)
    window.add([6], 0.0)
    window.add([4], 30.0)
    window.settle([6], [1], 0.0, 31.0)
    assert window.used(31.0) == [5]
    assert window.used(60.0) == [4]


def test_what_was_taken_beyond_the_estimate_counts_from_when_it_is_known():
    window = SlidingWindow(1, 60)
    window.add([6], 0.0)
    window.settle([6], [9], 0.0, 31.0)
    assert window.used(31.0) == [9]
    assert window.used(60.0) == [3]


def test_giving_back_what_is_a_period_old_changes_nothing():
    window = SlidingWindow(1, 60)
    window.add([6], 0.0)
    window.add([4], 61.0)
    window.settle([6], [0], 0.0, 62.0)
    assert window.used(62.0) == [4]


def test_what_others_have_used_counts_until_it_is_known_better():
    window = SlidingWindow(1, 60)
    window.add([2], 0.0)
    window.observe(0, 7, 1.0, 60.0)
    assert window.wait([4], [10], 2.0) == pytest.approx(58.0)
    window.observe(0, 2, 3.0, 60.0)
    assert window.wait([4], [10], 3.0) == 0


def test_what_others_have_used_is_forgotten_in_time():
    window = SlidingWindow(1, 60)
    window.observe(0, 10, 0.0, 12.0)
    assert window.wait([1], [10], 1.0) == pytest.approx(11.0)
    assert window.wait([1], [10], 12.0) == 0

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiollm.router.window import SlidingCount

EVENTS = st.lists(st.tuples(st.floats(0, 30), st.integers(1, 100)), max_size=50)


@given(EVENTS, st.floats(0, 200))
def test_the_sum_is_that_of_the_last_minute_to_one_step(events: list[tuple[float, int]], later: float) -> None:
    count, now, added = SlidingCount(), 0.0, []
    for gap, amount in events:
        now += gap
        count.add(now, amount)
        added.append((now, amount))
    now += later
    surely = sum(amount for when, amount in added if when > now - 59)
    at_most = sum(amount for when, amount in added if when >= now - 61)
    assert surely <= count.total(now) <= at_most
    assert count.total(now + 61) == 0


def test_a_cleared_count_is_empty() -> None:
    count = SlidingCount()
    count.add(1.0, 5)
    count.clear()
    assert count.total(1.0) == 0


def test_amounts_are_given_back_where_they_were_too_high() -> None:
    count = SlidingCount(period=6.0)
    count.add(0.0, 100)
    count.add(3.0, -40)
    assert count.total(3.0) == 60
    assert count.total(6.5) == 0, "the 100 are a period old"


def test_what_nobody_asks_for_takes_no_more_room_with_time() -> None:
    count = SlidingCount()
    for now in range(10_000):
        count.add(float(now))
    assert len(count._steps) <= 61

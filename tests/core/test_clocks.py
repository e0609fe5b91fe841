from __future__ import annotations

import pytest

from aiollm.core.clocks import Clocks
from aiollm.core.deadlines import Deadlines
from tests.core.fake_loop import FakeLoop


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def fired() -> list[str]:
    return []


def clocks(loop: FakeLoop, fired: list[str], total: float | None = None) -> Clocks:
    return Clocks(Deadlines(loop), total=None if total is None else loop.now + total, on_expiry=fired.append)


def test_a_wait_that_is_too_long_calls_out_with_its_name(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired)
    timing.allow("idle", 5)
    timing.start_waiting()
    loop.advance(4.9)
    assert fired == []
    loop.advance(0.2)
    assert fired == ["idle"]


def test_time_between_waits_does_not_count(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired)
    timing.allow("idle", 5)
    for _ in range(3):
        timing.start_waiting()
        loop.advance(1)
        timing.stop_waiting()
        loop.advance(100)
    assert fired == []


def test_waits_add_up_until_content_comes(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired)
    timing.allow("idle", 5)
    for _ in range(4):
        timing.start_waiting()
        loop.advance(1)
        timing.stop_waiting()
    timing.start_waiting()
    loop.advance(0.9)
    assert fired == []
    loop.advance(0.2)
    assert fired == ["idle"]


def test_content_starts_the_wait_afresh(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired)
    for _ in range(10):
        timing.allow("idle", 5)
        timing.start_waiting()
        loop.advance(4)
        timing.stop_waiting()
    assert fired == []


def test_a_wait_may_be_renamed_while_it_runs(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired)
    timing.allow("connect", 10)
    timing.start_waiting()
    loop.advance(9)
    timing.allow("first_token", 30)
    loop.advance(29)
    assert fired == []
    loop.advance(2)
    assert fired == ["first_token"]


def test_a_shorter_wait_while_one_runs_fires_at_its_own_time(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired)
    timing.allow("connect", 10)
    timing.start_waiting()
    loop.advance(1)
    timing.allow("first_token", 2)
    loop.advance(2.1)
    assert fired == ["first_token"]


def test_the_total_runs_also_while_nobody_waits(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired, total=60)
    timing.allow("idle", 5)
    timing.start_waiting()
    loop.advance(1)
    timing.stop_waiting()
    loop.advance(58)
    assert fired == []
    loop.advance(1.5)
    assert fired == ["total"]


def test_the_total_wins_over_a_wait_that_ends_later(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired, total=3)
    timing.allow("idle", 5)
    timing.start_waiting()
    loop.advance(10)
    assert fired == ["total"]


def test_the_total_wins_when_both_are_due(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired, total=5)
    timing.allow("idle", 5)
    timing.start_waiting()
    loop.advance(5)
    assert fired == ["total"]


def test_a_total_in_the_past_fires_at_once(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired, total=-1)
    timing.allow("connect", 5)
    timing.start_waiting()
    loop.advance(0)
    assert fired == ["total"]


@pytest.mark.parametrize("seconds", [None, 1000.0])
def test_a_wait_may_last_for_ever(loop: FakeLoop, fired: list[str], seconds: float | None) -> None:
    timing = clocks(loop, fired)
    timing.allow("idle", seconds)
    timing.start_waiting()
    loop.advance(999)
    timing.stop_waiting()
    timing.start_waiting()
    assert fired == []


def test_stopping_leaves_nothing_that_rings(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired, total=60)
    timing.allow("idle", 5)
    timing.start_waiting()
    timing.stop()
    timing.start_waiting()
    timing.allow("idle", 1)
    loop.advance(100)
    assert fired == []
    assert loop.timers == 0


def test_a_thousand_chunks_set_few_timers(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired, total=600)
    for _ in range(1000):
        timing.allow("idle", 5)
        timing.start_waiting()
        loop.advance(0.05)
        timing.stop_waiting()
    assert fired == []
    assert loop.timers_made <= 50 / 4 + 2  # a deadline of 5 s may ring after 4
    assert loop.timers == 1


def test_a_wait_that_is_renewed_has_its_whole_time_again(loop: FakeLoop, fired: list[str]) -> None:
    timing = clocks(loop, fired)
    timing.allow("idle", 5)
    timing.start_waiting()
    for _ in range(3):
        loop.advance(4)
        assert timing.renew_waiting() == loop.time() == timing.answered_at
    loop.advance(4)
    timing.stop_waiting()
    loop.advance(100)
    assert fired == []
    timing.start_waiting()
    loop.advance(1.1)
    assert fired == ["idle"]

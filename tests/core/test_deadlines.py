from __future__ import annotations

import pytest

from aiollm.core.deadlines import Deadlines
from tests.core.fake_loop import FakeLoop


class Waiting:
    """Has one deadline, and notes when it was rung for it."""

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self.deadlines = deadlines
        self.rung: list[float] = []
        self.set(seconds)

    def set(self, seconds: float) -> None:
        now = self.deadlines.loop.time()
        self.when = now + seconds
        self.deadlines.set(self, self.when, now)

    def ring(self) -> None:
        self.rung.append(self.deadlines.loop.time())

    def drop(self) -> None:
        self.deadlines.drop(self, self.when)


class Faulty(Waiting):
    """Raises when it is rung."""

    def ring(self) -> None:
        super().ring()
        raise RuntimeError


class Again(Waiting):
    """Wants to be rung at its time exactly, as clocks do."""

    def ring(self) -> None:
        super().ring()
        if self.rung[-1] < self.when:
            self.set(self.when - self.rung[-1])


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def deadlines(loop: FakeLoop) -> Deadlines:
    return Deadlines(loop)


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.25, 1.9])
def test_what_is_near_rings_at_its_time(loop: FakeLoop, deadlines: Deadlines, seconds: float) -> None:
    waiting = Waiting(deadlines, seconds)
    loop.advance(100)
    assert waiting.rung == [1000 + max(0.0, seconds)]


@pytest.mark.parametrize("seconds", [2.0, 5.5, 60.75, 600.0])
def test_what_is_far_rings_within_the_second_before_its_time(
    loop: FakeLoop, deadlines: Deadlines, seconds: float
) -> None:
    waiting = Waiting(deadlines, seconds)
    loop.advance(1000)
    assert waiting.rung == [int(1000 + seconds)]


def test_who_sets_again_what_rings_too_early_is_rung_at_its_time(loop: FakeLoop, deadlines: Deadlines) -> None:
    waiting = Again(deadlines, 5.5)
    loop.advance(5.4)
    assert waiting.rung == [1005]
    loop.advance(1)
    assert waiting.rung == [1005, 1005.5]


@pytest.mark.parametrize("seconds", [1.0, 5.5])
def test_what_is_dropped_does_not_ring_and_leaves_no_timer(
    loop: FakeLoop, deadlines: Deadlines, seconds: float
) -> None:
    waiting = Waiting(deadlines, seconds)
    waiting.drop()
    loop.advance(6)
    assert waiting.rung == []
    assert loop.timers == 0


def test_many_deadlines_of_few_seconds_share_a_timer_for_each(loop: FakeLoop, deadlines: Deadlines) -> None:
    for number in range(1000):
        waiting = Waiting(deadlines, 600)
        if number % 10:
            waiting.drop()
        loop.advance(0.01)
    assert loop.timers == 1
    loop.advance(700)
    assert loop.timers_made <= 12
    assert loop.timers == 0


def test_an_earlier_deadline_goes_before_a_later_one(loop: FakeLoop, deadlines: Deadlines) -> None:
    late, early = Waiting(deadlines, 60), Waiting(deadlines, 5)
    loop.advance(10)
    assert (early.rung, late.rung) == ([1005], [])
    loop.advance(60)
    assert late.rung == [1060]


def test_a_fault_of_one_does_not_keep_the_others_from_being_rung(loop: FakeLoop, deadlines: Deadlines) -> None:
    all_of_them = [Faulty(deadlines, 5) for _ in range(3)]
    for _ in all_of_them:
        with pytest.raises(RuntimeError):
            loop.advance(10)
    loop.advance(10)
    assert [len(waiting.rung) for waiting in all_of_them] == [1, 1, 1]

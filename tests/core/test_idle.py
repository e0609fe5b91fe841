"""Connections that wait for a next request, on a clock that does not run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from aiollm.core.deadlines import Deadlines
from aiollm.core.idle import KEEPALIVE_SECONDS, IdleConnections
from tests.core.fake_loop import FakeLoop


class Line:
    """What is asked of a connection."""

    def __init__(self) -> None:
        self.is_open = True
        self.heard: Callable[[], None] | None = None

    def hear(self) -> None:
        if self.heard is not None:
            self.heard()

    def is_connected(self) -> bool:
        return self.is_open

    def close(self) -> None:
        self.is_open = False


def line() -> Any:
    """A connection that is good for a next request."""
    return cast("Any", Line())


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def idle(loop: FakeLoop) -> IdleConnections:
    return IdleConnections(Deadlines(loop))


def test_the_one_that_was_used_last_is_taken_first(idle: IdleConnections) -> None:
    first, last = line(), line()
    idle.keep(first)
    idle.keep(last)
    assert len(idle) == 2
    assert (idle.take(), idle.take(), idle.take()) == (last, first, None)


@pytest.mark.parametrize("fault", [Line.close, Line.hear], ids=["lost", "something came unasked"])
def test_one_that_is_no_good_any_more_is_closed_and_passed_over(
    idle: IdleConnections, fault: Callable[[Line], None]
) -> None:
    good, bad = line(), line()
    idle.keep(good)
    idle.keep(bad)
    fault(bad)
    assert idle.take() is good
    assert not bad.is_open
    assert len(idle) == 0


def test_what_comes_over_one_that_was_taken_does_not_close_it(idle: IdleConnections) -> None:
    one = line()
    idle.keep(one)
    assert idle.take() is one
    one.hear()
    assert one.is_open


def test_each_is_closed_when_it_has_waited_long_enough(idle: IdleConnections, loop: FakeLoop) -> None:
    first, last = line(), line()
    idle.keep(first)
    loop.advance(KEEPALIVE_SECONDS / 2)
    idle.keep(last)
    loop.advance(KEEPALIVE_SECONDS / 2 - 0.1)
    assert (first.is_open, last.is_open) == (True, True)
    loop.advance(0.2)
    assert (first.is_open, last.is_open) == (False, True)
    loop.advance(KEEPALIVE_SECONDS / 2)
    assert (last.is_open, len(idle), loop.timers) == (False, 0, 0)


def test_one_that_comes_back_begins_to_wait_anew(idle: IdleConnections, loop: FakeLoop) -> None:
    one = line()
    for _ in range(3):
        idle.keep(one)
        loop.advance(KEEPALIVE_SECONDS - 1)
        assert idle.take() is one
    assert one.is_open


def test_a_connection_that_comes_and_goes_takes_one_timer(idle: IdleConnections, loop: FakeLoop) -> None:
    one = line()
    for _ in range(100):
        idle.keep(one)
        assert idle.take() is one
    assert loop.timers_made == 1


def test_closing_closes_all(idle: IdleConnections, loop: FakeLoop) -> None:
    lines = [line(), line()]
    for one in lines:
        idle.keep(one)
    assert idle.close() == lines
    assert not any(one.is_open for one in lines)
    assert idle.take() is None
    loop.advance(KEEPALIVE_SECONDS + 1)
    assert loop.timers == 0

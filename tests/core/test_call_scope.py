from __future__ import annotations

import asyncio

import pytest

import aiollm
from aiollm.core.call_scope import CallScope
from aiollm.exceptions import IdleTimeout, StreamCancelled, TotalTimeout
from aiollm.testing import run_in_virtual_time as run
from aiollm.types.timeouts import Timeouts

OWN = Timeouts(first_token=20, idle=20, total=20)


def call_scope(timeouts: Timeouts = OWN) -> CallScope:
    return CallScope(asyncio.get_running_loop(), timeouts)


async def test_without_a_scope_around_a_call_keeps_its_own_clocks() -> None:
    scope = call_scope()
    assert scope.timeouts is OWN
    assert scope.deadline == scope.started + 20


async def test_the_tightest_limit_holds() -> None:
    with aiollm.scope(first_token=5, idle=50), aiollm.scope(first_token=8, idle=3):
        clocks = call_scope().timeouts
    assert (clocks.first_token, clocks.idle, clocks.total) == (5, 3, 20)


async def test_a_scope_limits_a_clock_that_the_call_has_switched_off() -> None:
    with aiollm.scope(first_token=5, idle=6, total=7):
        scope = call_scope(Timeouts(first_token=None, idle=None))
    assert (scope.timeouts.first_token, scope.timeouts.idle) == (5, 6)
    assert scope.deadline == pytest.approx(scope.started + 7, abs=0.1)


def test_the_nearest_deadline_holds() -> None:
    async def deadlines() -> list[float]:
        found = []
        with aiollm.scope(total=10):
            await asyncio.sleep(7)
            with aiollm.scope(total=9):
                for own in (None, 1):
                    scope = call_scope(Timeouts(total=own))
                    assert scope.deadline is not None
                    found.append(scope.deadline - scope.started)
        return found

    assert run(deadlines()) == pytest.approx([3, 1], abs=0.01)


async def test_an_error_tells_whose_limit_it_was() -> None:
    with aiollm.move_on(idle=5) as around:
        scope = call_scope()
    error = scope.expired("idle", "a.b:1")
    assert isinstance(error, IdleTimeout)
    assert "within 5 s" in str(error)
    assert error.hint == "the limit is the idle of the scope around the call"
    assert error in around._caused
    assert "Timeouts(first_token=...)" in str(scope.expired("first_token", "a.b:1"))


async def test_the_scope_that_is_not_the_tightest_is_not_to_blame() -> None:
    with aiollm.move_on(total=50) as far, aiollm.move_on(total=5) as near:
        error = call_scope().expired("total", "a.b:1")
    assert error in near._caused
    assert error not in far._caused


def test_a_call_cannot_begin_after_the_end() -> None:
    async def begin() -> None:
        with aiollm.scope(total=3):
            call_scope().check("a.b:1")
            await asyncio.sleep(3)
            with pytest.raises(TotalTimeout, match="3 s"):
                call_scope().check("a.b:1")

    run(begin())


async def test_a_call_cannot_begin_in_a_cancelled_scope() -> None:
    with aiollm.scope() as outer, aiollm.scope():
        outer.cancel("stop")
        with pytest.raises(StreamCancelled, match="stop"):
            call_scope().check("a.b:1")


# -- waiting for something that is no exchange


async def never() -> None:
    await asyncio.get_running_loop().create_future()


async def test_what_is_waited_for_comes_back() -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    assert await call_scope().wait(work(), "the work") == "done"


async def test_its_errors_come_through_even_a_timeout() -> None:
    async def fail() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        await call_scope().wait(fail(), "the work")


def test_a_wait_ends_with_the_calls_time() -> None:
    async def wait() -> float:
        scope = call_scope()
        with pytest.raises(TotalTimeout, match="the work"):
            await scope.wait(never(), "the work")
        return scope.loop.time() - scope.started

    assert run(wait()) == pytest.approx(20, abs=0.01)


async def test_a_wait_ends_when_a_scope_is_cancelled() -> None:
    with aiollm.scope() as around:
        waiting = asyncio.create_task(call_scope().wait(never(), "the work"))
        await asyncio.sleep(0)
        around.cancel("stop")
        around.cancel("again")
        with pytest.raises(StreamCancelled, match="stop"):
            await waiting
        with pytest.raises(StreamCancelled, match="stop"):
            await call_scope().wait(never(), "the work")
    assert "0 open" in repr(around)


async def test_a_cancellation_from_outside_wins_over_the_scope() -> None:
    with aiollm.scope() as around:
        waiting = asyncio.create_task(call_scope().wait(never(), "the work"))
        await asyncio.sleep(0)
        around.cancel("stop")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

from __future__ import annotations

import asyncio
import contextvars
import gc
import math
from typing import Any

import pytest

import aiollm
from aiollm.core.limited_scope import MoveOnScope, surrounding_scope
from aiollm.exceptions import StreamCancelled
from aiollm.testing import run_in_virtual_time as run


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "5", True])
@pytest.mark.parametrize("name", ["total", "first_token", "idle"])
def test_a_limit_that_is_no_time_is_refused(name: str, value: Any) -> None:
    for make in (aiollm.scope, aiollm.move_on):
        with pytest.raises(ValueError, match=f"{name} must be a number of seconds above 0, or None; got {value!r}"):
            make(**{name: value})


def test_blocks_nest() -> None:
    assert surrounding_scope() is None
    with aiollm.scope() as outer:
        with aiollm.move_on() as inner:
            assert surrounding_scope() is inner
            assert inner.parent is outer
        assert surrounding_scope() is outer
    assert surrounding_scope() is None


def test_a_scope_is_entered_once() -> None:
    scope = aiollm.scope()
    for _ in range(1):
        with scope:
            pass
    with pytest.raises(RuntimeError, match="entered once"):
        scope.__enter__()


async def test_async_with_does_the_same() -> None:
    async with aiollm.scope() as outer, aiollm.move_on() as inner:
        assert inner.parent is outer
    assert surrounding_scope() is None


def test_total_counts_from_entering_the_block() -> None:
    async def entered() -> list[float]:
        scope = aiollm.scope(total=10)
        await asyncio.sleep(100)
        with scope:
            left = [scope.left]
            await asyncio.sleep(4)
            left.append(scope.left)
        return left

    assert run(entered()) == pytest.approx([10, 6], abs=0.01)


def test_without_a_total_there_is_time_for_ever() -> None:
    with aiollm.scope(idle=1) as scope:
        assert scope.left == math.inf


def test_a_block_may_be_left_in_another_context() -> None:
    async def values() -> Any:
        with aiollm.scope():
            yield 1

    generator = values()
    step = generator.__anext__()
    with pytest.raises(StopIteration):
        contextvars.copy_context().run(step.send, None)
    closing = generator.aclose()
    with pytest.raises(StopIteration):
        closing.send(None)
    assert surrounding_scope() is None


def test_a_scope_shows_what_it_is() -> None:
    assert repr(aiollm.scope(total=3, idle=0.5)) == "<Scope total=3, idle=0.5, 0 open>"
    assert repr(aiollm.move_on()) == "<MoveOnScope without limits, 0 open>"


# -- moving on


def raising(scope: MoveOnScope, error: BaseException) -> MoveOnScope:
    with scope:
        raise error
    return scope


def caused(scope: MoveOnScope, partial: Any = None) -> StreamCancelled:
    error = StreamCancelled("too slow")
    error.partial = partial
    scope.blame(error)
    return error


def test_the_scopes_own_error_ends_the_block_only() -> None:
    scope = aiollm.move_on()
    error = caused(scope, partial="the answer so far")
    raising(scope, error)
    assert scope.cancelled_caught
    assert scope.error is error
    assert scope.partial == "the answer so far"


def test_a_block_that_came_to_its_end_caught_nothing() -> None:
    with aiollm.move_on() as scope:
        pass
    assert (scope.cancelled_caught, scope.error, scope.partial) == (False, None, None)


@pytest.mark.parametrize("error", [StreamCancelled("of another"), KeyError("x"), asyncio.CancelledError()])
def test_every_other_error_goes_through(error: BaseException) -> None:
    scope = aiollm.move_on()
    with pytest.raises(type(error)) as raised:
        raising(scope, error)
    assert raised.value is error
    assert not scope.cancelled_caught


def test_the_error_of_an_outer_scope_goes_through_the_inner() -> None:
    with aiollm.move_on() as outer:
        inner = aiollm.move_on()
        raising(inner, caused(outer))
    assert (outer.cancelled_caught, inner.cancelled_caught) == (True, False)


def test_a_group_of_its_own_errors_is_caught_whole() -> None:
    scope = aiollm.move_on()
    first, second = caused(scope, partial="first"), caused(scope)
    raising(scope, BaseExceptionGroup("", [ExceptionGroup("", [first]), second]))
    assert scope.error is first


def test_of_a_mixed_group_the_rest_goes_through() -> None:
    scope = aiollm.move_on()
    with pytest.raises(ExceptionGroup) as raised:
        raising(scope, ExceptionGroup("", [caused(scope), KeyError("x")]))
    assert [type(error) for error in raised.value.exceptions] == [KeyError]
    assert scope.cancelled_caught


def test_a_group_of_other_errors_goes_through_as_it_is() -> None:
    scope, group = aiollm.move_on(), ExceptionGroup("", [KeyError("x")])
    with pytest.raises(ExceptionGroup) as raised:
        raising(scope, group)
    assert raised.value is group
    assert not scope.cancelled_caught


async def test_errors_are_not_kept_alive() -> None:
    scope = aiollm.scope()
    for _ in range(10):
        scope.blame(StreamCancelled("x"))
    gc.collect()
    assert len(scope._caused) == 0

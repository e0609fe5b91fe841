"""Limits on all calls that are made inside a block, however deep: `aiollm.scope` and `aiollm.move_on`.

The block finds its calls by a context variable, and they stay bound to it wherever their streams go. Since no task is
cancelled, such a block may stand inside or around `asyncio.timeout`, a `TaskGroup` or a scope of anyio.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self, TypeGuard
from weakref import WeakSet

from aiollm.core.scope import CancelScope

__all__ = ["LimitedScope", "MoveOnScope", "Scope", "move_on", "scope", "surrounding_scope"]

_surrounding: ContextVar[LimitedScope | None] = ContextVar("surrounding_scope", default=None)


def surrounding_scope() -> LimitedScope | None:
    """Return the innermost scope that the running code is in."""
    return _surrounding.get()


class LimitedScope(CancelScope):
    """What the calls made inside a block may take. Of nested blocks the tightest limit holds.

    Leaving the block does not end streams that are still open; they stay bound to it.

    Attributes:
        total: seconds from entering the block; None for no limit.
        first_token, idle: seconds, for each call; None for no limit.
    """

    parent: LimitedScope | None

    def __init__(
        self, *, total: float | None = None, first_token: float | None = None, idle: float | None = None
    ) -> None:
        super().__init__()
        self.total: float | None = _seconds("total", total)
        self.first_token: float | None = _seconds("first_token", first_token)
        self.idle: float | None = _seconds("idle", idle)
        self._now = time.monotonic
        self._deadline = math.inf  # by that clock
        self._token: Token[LimitedScope | None] | None = None
        self._caused: WeakSet[BaseException] = WeakSet()

    @property
    def left(self) -> float:
        """Seconds until `total` is over, below 0 once it is; `inf` without one."""
        return self._deadline - self._now()

    def __enter__(self) -> Self:
        if self._token is not None:
            raise RuntimeError("a scope is entered once: make a new one for each block")
        loop = asyncio._get_running_loop()
        if loop is not None:
            self._now = loop.time
        if self.total is not None:
            self._deadline = self._now() + self.total
        self.parent = _surrounding.get()
        self._token = _surrounding.set(self)
        return self

    async def __aenter__(self) -> Self:
        return self.__enter__()

    def blame(self, error: BaseException) -> None:
        self._caused.add(error)

    def _leave(self) -> None:
        assert self._token is not None
        with suppress(ValueError):  # an asynchronous generator that is closed elsewhere ends in another context
            _surrounding.reset(self._token)

    def __repr__(self) -> str:
        limits = {"total": self.total, "first_token": self.first_token, "idle": self.idle}
        said = [f"{name}={seconds:g}" for name, seconds in limits.items() if seconds is not None]
        return f"<{type(self).__name__} {', '.join(said) or 'without limits'}, {len(self._members)} open>"


class Scope(LimitedScope):
    """A block whose end is an error for the calls in it. Made by `aiollm.scope`."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()


class MoveOnScope(LimitedScope):
    """A scope whose end is no error: the block is left, and the program goes on behind it. Made by `aiollm.move_on`.

    Attributes:
        cancelled_caught: whether the block was left because of this scope.
        error: what ended the block, if so: a `Timeout` or `StreamCancelled`.
    """

    def __init__(self, **limits: float | None) -> None:
        super().__init__(**limits)
        self.cancelled_caught: bool = False
        self.error: BaseException | None = None

    @property
    def partial(self) -> Any:
        """The answer of the stream that ended the block, as far as it had come: a `ModelResponse`, or None."""
        return getattr(self.error, "partial", None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._leave()
        if _is_group(error):  # of a TaskGroup inside the block
            caught, rest = error.split(lambda error: error in self._caused)  # before 3.13 only a function will do
            if caught is not None:
                self._catch(next(_leaves(caught)))
                if rest is not None:
                    raise rest from None
        elif error in self._caused:
            self._catch(error)
        return self.cancelled_caught

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return self.__exit__(kind, error, trace)

    def _catch(self, error: BaseException | None) -> None:
        self.cancelled_caught = True
        self.error = error


def scope(*, total: float | None = None, first_token: float | None = None, idle: float | None = None) -> Scope:
    """Limit the calls made inside a `with` (or `async with`) block, and cancel them together.

        with aiollm.scope(total=30, idle=5) as scope:
            stop_button.on_click(scope.cancel)
            async for chunk in await aiollm.acompletion(..., stream=True):
                ...

    Args:
        total: seconds from entering the block to the end of every answer; raises `TotalTimeout`.
        first_token: seconds each call may take to its first content; raises `FirstTokenTimeout`.
        idle: seconds between one content and the next; raises `IdleTimeout`.

    A call's own `timeout` holds where it is tighter. The errors carry the answer so far in `partial`. A limit ends
    calls and streams only; other things that the block waits for go on.

    Raises:
        ValueError: a limit is not a number of seconds above 0.
    """
    return Scope(total=total, first_token=first_token, idle=idle)


def move_on(*, total: float | None = None, first_token: float | None = None, idle: float | None = None) -> MoveOnScope:
    """Give the calls inside a `with` block so much time, then go on behind the block with what there is.

        with aiollm.move_on(total=3) as scope:
            async for chunk in await aiollm.acompletion(..., stream=True):
                show(chunk)
        if scope.cancelled_caught:
            keep(scope.partial)

    The limits are those of `aiollm.scope`. An error that a limit of this scope raises, or its `cancel`, ends the block
    and is kept in `error`; every other one, a cancellation from outside above all, goes through.

    Raises:
        ValueError: a limit is not a number of seconds above 0.
    """
    return MoveOnScope(total=total, first_token=first_token, idle=idle)


def _seconds(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a number of seconds above 0, or None; got {value!r}")
    return value


def _is_group(error: BaseException | None) -> TypeGuard[BaseExceptionGroup[BaseException]]:
    return isinstance(error, BaseExceptionGroup)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if _is_group(error):
            yield from _leaves(error)
        else:
            yield error

"""Policies around one way to ask: the shape that aiohttp's users know as middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from types import FunctionType
from typing import Protocol, TypeVar

from aiollm.engine.answer import Answer
from aiollm.engine.call import Call

__all__ = ["Handler", "Middleware", "chain"]

A = TypeVar("A", bound=Answer)

Handler = Callable[[Call], Awaitable[A]]
"""Sends a call, and returns its answer when the first content has come."""


class Middleware(Protocol):
    """A policy: it gets a call, and the handler to pass it on to: once, several times, or never.

    It sees an answer once, when it begins; what it wants to know of the end, it asks for by `notify`. One that has
    nothing to do for a call returns `handler(call)` as it is: that takes 0.2 us, and a coroutine of its own 0.5.
    """

    def __call__(self, call: Call, handler: Handler[A]) -> Awaitable[A]: ...


def chain(policies: Sequence[Middleware], innermost: Handler[A]) -> Handler[A]:
    """Return the handler that passes a call through the policies, the first being the outermost."""
    handler = innermost
    for policy in reversed(policies):
        handler = _around(handler, policy)
    return handler


def _around(handler: Handler[A], policy: Middleware) -> Handler[A]:
    # What is called is a function, or a method, by a function: the interpreter is slow to find out what to do with an
    # object that is called, and with a `partial`.
    pass_on = policy if isinstance(policy, FunctionType) else policy.__call__

    def handle(call: Call) -> Awaitable[A]:
        return pass_on(call, handler)

    return handle

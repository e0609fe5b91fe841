"""One call, with everything that is known of it before it is sent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from aiollm.core.call_scope import CallScope
from aiollm.engine.attempt import Attempt, Cause
from aiollm.engine.options import NO_OPTIONS, CallOptions
from aiollm.providers.provider import Target
from aiollm.types.request import Request

__all__ = ["Call", "Departure"]


def _calling_line() -> str:
    """Return the line outside this package that is running, for a warning that names it."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # CPython's way
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("aiollm."):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


class Departure:
    """Whether an attempt has got so far that its request was sent, for policies that let it wait before."""

    __slots__ = ("sent",)

    def __init__(self) -> None:
        self.sent: bool = False


class Call(msgspec.Struct, frozen=True, eq=False):
    """A request on its way to a target.

    Policies pass on calls that are made from the caller's by `msgspec.structs.replace`; all of them share one scope
    and one list of attempts.

    Attributes:
        request: what is asked.
        target: the provider, the endpoint and the key.
        scope: when it began, what it may take, and what cancels it.
        options: what the caller said about policy.
        attempts: what was tried so far, in order.
        attempt: which attempt this is, from 1.
        cause: why it is made.
        beginning: what the answer is to begin with, because it came before the answer broke off; "" for a new answer.
        group: the router's model group, or None.
        deployment: the router's id of the deployment that the target is, or None.
        departure: takes note when the attempt at a deployment is sent; None where nobody asks.
        prices: what the deployment's tokens cost, in LiteLLM's shape; None where the table of models says.
        keeps_frames: whether the events of its stream are kept for who hands them on as they came.
        on_failure: hears of each attempt that has failed; None where nobody listens.
        key: what it has in common with calls that may share its answer, once a policy has found that out.
        place: the line that made the call; "" for one that does not stream. Known from the start: an attempt may be
            made in a task of its own.
    """

    request: Request
    target: Target
    scope: CallScope
    options: CallOptions = NO_OPTIONS
    attempts: list[Attempt] = msgspec.field(default_factory=list)
    attempt: int = 1
    cause: Cause = "first"
    beginning: str = ""
    group: str | None = None
    deployment: str | None = None
    departure: Departure | None = None
    prices: Mapping[str, Any] | None = None
    keeps_frames: bool = False
    on_failure: Callable[[Attempt], None] | None = None
    key: str | None = None
    place: str = msgspec.field(default_factory=_calling_line)

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self.scope.loop.time() - self.scope.started

"""Asking elsewhere: another model, when the one that was asked has failed for good."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import msgspec

from aiollm.engine.answer import Answer
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.engine.options import Alternative, Fallbacks
from aiollm.exceptions import APIError, ContentPolicyViolationError, ContextWindowExceededError, TotalTimeout

__all__ = ["alternatives_after", "fall_back", "turned_round"]

A = TypeVar("A", bound=Answer)


def alternatives_after(error: APIError, fallbacks: Fallbacks | None) -> tuple[Alternative, ...]:
    """Return where to ask after this error. Once the call's time is over there is nowhere."""
    if fallbacks is None or isinstance(error, TotalTimeout):
        return ()
    if isinstance(error, ContextWindowExceededError) and fallbacks.context_window is not None:
        return fallbacks.context_window
    if isinstance(error, ContentPolicyViolationError) and fallbacks.content_policy is not None:
        return fallbacks.content_policy
    return fallbacks.default


def fall_back(call: Call, handler: Handler[A]) -> Awaitable[A]:
    """Ask the call's alternatives, if it has any, in their order when the first target fails.

    The first error is the one that is raised when all of them fail: it is of the model that was asked for. Notes tell
    of the others, and it tells of all attempts, those after its own among them.
    """
    return handler(call) if call.options.fallbacks is None else _with_alternatives(call, handler)


def turned_round(call: Call) -> Call | None:
    """Return the call with its target the last to be asked, after its alternatives; None if it has none."""
    fallbacks = call.options.fallbacks
    if fallbacks is None or not fallbacks.default:
        return None
    first, *others = fallbacks.default
    itself = Alternative(call.request, call.target, call.group)
    options = msgspec.structs.replace(
        call.options, fallbacks=msgspec.structs.replace(fallbacks, default=(*others, itself))
    )
    return _put_to(first, msgspec.structs.replace(call, options=options))


def _put_to(other: Alternative, call: Call) -> Call:
    return msgspec.structs.replace(
        call, request=other.request, target=other.target, group=other.group, cause="fallback"
    )


async def _with_alternatives(call: Call, handler: Handler[A]) -> A:
    try:
        return await handler(call)
    except APIError as error:
        first = error
    for alternative in alternatives_after(first, call.options.fallbacks):
        try:
            return await handler(_put_to(alternative, call))
        except APIError as error:
            name = f"{alternative.target.provider.name}/{alternative.target.model}"
            first.add_note(f"the fallback {alternative.group or name} failed too: {type(error).__name__}: {error}")
            if isinstance(error, TotalTimeout):
                break
    first.attempts = tuple(call.attempts)
    raise first

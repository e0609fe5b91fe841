"""The innermost policy: each attempt is written down, and what becomes of it."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from aiollm.engine.answer import Answer
from aiollm.engine.attempt import Attempt
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler

__all__ = ["record"]

A = TypeVar("A", bound=Answer)


async def record(call: Call, handler: Handler[A]) -> A:
    """Enter the attempt in the call's ledger."""
    number = len(call.attempts) + 1
    target = call.target
    attempt = Attempt(number, call.cause, target.provider.name, target.model, call.deployment, call.elapsed)
    call.attempts.append(attempt)
    if call.departure is not None:
        call.departure.sent = True
    if call.attempt != number:
        call = msgspec.structs.replace(call, attempt=number)
    try:
        answer = await handler(call)
    except BaseException as error:
        attempt.refused(error, call.elapsed)
        raise
    attempt.origin = answer.origin
    answer.notify(attempt.closed)
    return answer

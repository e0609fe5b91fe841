"""The innermost policy: each attempt is written down, and what becomes of it."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

import msgspec

from aiollm.engine.answer import Answer
from aiollm.engine.attempt import Attempt
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.engine.outcome import Outcome

__all__ = ["record"]

A = TypeVar("A", bound=Answer)


async def record(call: Call, handler: Handler[A]) -> A:
    """Enter the attempt in the call's ledger."""
    target, attempts, scope = call.target, call.attempts, call.scope
    number, started = len(attempts) + 1, scope.loop.time() - scope.started
    name, model = target.provider.name, target.model
    attempt = Attempt(number, call.cause, name, model, call.deployment, started, group=call.group)
    attempts.append(attempt)
    if call.departure is not None:
        call.departure.sent = True
    if call.attempt != number:
        call = msgspec.structs.replace(call, attempt=number)
    try:
        answer = await handler(call)
    except BaseException as error:
        attempt.refused(error, call.elapsed)
        _tell(call, attempt)
        raise
    attempt.origin = answer.origin
    answer.notify(attempt.closed if call.on_failure is None else partial(_closed, call, attempt))
    return answer


def _closed(call: Call, attempt: Attempt, outcome: Outcome) -> None:
    attempt.closed(outcome)
    _tell(call, attempt)


def _tell(call: Call, attempt: Attempt) -> None:
    if call.on_failure is not None and attempt.ended == "failed":
        call.on_failure(attempt)

"""Telling hooks what becomes of calls."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextvars import copy_context
from typing import TypeVar
from uuid import uuid4

import msgspec

from aiollm.engine.answer import Answer
from aiollm.engine.attempt import Attempt
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.engine.outcome import Outcome
from aiollm.exceptions import StreamCancelled
from aiollm.hooks.events import AttemptFailed, CallEnded, CallFacts, CallStarted, Event, FirstContent
from aiollm.hooks.hook import Listener, tell
from aiollm.providers.registry import Api

__all__ = ["Observing"]

A = TypeVar("A", bound=Answer)


class Observing:
    """The policy around a handler that lets hooks hear of each call, once, however it is answered and ends.

    Args:
        hooks: who hears it.
        api: what is asked.
    """

    def __init__(self, hooks: Sequence[Listener], api: Api) -> None:
        self._hooks = hooks
        self._api: Api = api

    async def __call__(self, call: Call, handler: Handler[A]) -> A:
        facts = self._facts(call)

        def told(event: Event) -> None:
            tell(self._hooks, event, call.scope.loop)

        def failed(attempt: Attempt) -> None:
            told(AttemptFailed(facts, attempt))

        told(CallStarted(facts))
        try:
            answer = await handler(msgspec.structs.replace(call, on_failure=failed))
        except BaseException as error:
            told(_unanswered(facts, call, error))
            raise
        told(_first_content(facts, call))
        context = copy_context()  # a span is found by it, whoever ends the answer
        # It must not know the answer, which would never be dropped then.
        answer.notify(lambda outcome: context.run(told, _ended(facts, call.attempts, outcome)))
        return answer

    def _facts(self, call: Call) -> CallFacts:
        request, target = call.request, call.target
        return CallFacts(
            id=uuid4().hex,
            api=self._api,
            provider=target.provider.name,
            model=call.group or request.model,
            url=target.endpoint.url_for(stream=request.stream),
            stream=request.stream,
            started_at=time.time(),
            metadata=request.metadata,
            params=request.params,
            messages=request.messages,
        )


def _first_content(facts: CallFacts, call: Call) -> FirstContent:
    provider, model = _asked_last(facts, call.attempts)
    return FirstContent(facts, provider, model, call.elapsed)


def _unanswered(facts: CallFacts, call: Call, error: BaseException) -> CallEnded:
    """Return the end of a call that got no answer."""
    left = isinstance(error, StreamCancelled) or not isinstance(error, Exception)
    provider, model = _asked_last(facts, call.attempts)
    partial = getattr(error, "partial", None)
    return CallEnded(
        call=facts,
        ended="closed" if left else "failed",
        error=error,
        provider=provider,
        model=model,
        served_model=None,
        finish_reason=None,
        usage=getattr(error, "usage", None),
        cost=_cost(call.attempts),
        cache_hit=False,
        first_token=None,
        elapsed=call.elapsed,
        attempts=tuple(call.attempts),
        stats=None,
        _response=lambda: partial,
    )


def _ended(facts: CallFacts, attempts: Sequence[Attempt], outcome: Outcome) -> CallEnded:
    """Return the end of a call whose answer had begun."""
    origin = outcome.origin
    provider, model = _asked_last(facts, [attempt for attempt in attempts if attempt.origin is origin] or attempts)
    return CallEnded(
        call=facts,
        ended=outcome.ended,
        error=outcome.error,
        provider=provider,
        model=model,
        served_model=origin.served_model,
        finish_reason=outcome.finish_reason,
        usage=outcome.usage,
        cost=0.0 if origin.cache_hit else _cost(attempts, outcome),
        cache_hit=origin.cache_hit,
        first_token=outcome.first_token,
        elapsed=outcome.elapsed,
        attempts=tuple(attempts),
        stats=outcome.stats if facts.stream else None,
        _response=lambda: outcome.response,
    )


def _asked_last(facts: CallFacts, attempts: Sequence[Attempt]) -> tuple[str, str]:
    """Return the provider and the model of the last attempt, or of the call where none was made."""
    return (attempts[-1].provider, attempts[-1].model) if attempts else (facts.provider, facts.model)


def _cost(attempts: Sequence[Attempt], outcome: Outcome | None = None) -> float | None:
    """Return what all attempts that were answered cost; None where that of one is not known.

    Whoever watches a stream from outside hears of its end before its attempt has noted it: the outcome tells then.
    """
    costs = [
        attempt.cost if outcome is None or attempt.ended is not None else outcome.origin.cost(outcome.usage)
        for attempt in attempts
        if attempt.origin is not None
    ]
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if len(known) == len(costs) else None

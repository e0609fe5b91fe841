"""The policy that gives each attempt its deployment, and learns from what becomes of it."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

import msgspec

from aiollm.core.call_scope import CallScope
from aiollm.engine.answer import Answer
from aiollm.engine.call import Call, Departure
from aiollm.engine.chain import Handler
from aiollm.engine.outcome import Outcome
from aiollm.exceptions import APIError, Timeout, TotalTimeout
from aiollm.providers.registry import Api
from aiollm.providers.responses import chat_needs_responses
from aiollm.router.demands import Demands, tried
from aiollm.router.deployment import Deployment
from aiollm.router.fleet import Fleet
from aiollm.router.trial import Trial
from aiollm.types.timeouts import Timeouts

__all__ = ["Route"]

A = TypeVar("A", bound=Answer)


class Route(msgspec.Struct, frozen=True):
    """Passes each attempt of a call on to a deployment of the call's group.

    Attributes:
        fleet: the deployments.
        demands: reads what the choice depends on.
        api: which API the calls ask for.
    """

    fleet: Fleet
    demands: Demands
    api: Api

    async def __call__(self, call: Call, handler: Handler[A]) -> A:
        assert call.group is not None
        clock = call.scope.loop.time
        trial = self.fleet.begin(call.group, self.demands.of(call), tried(call), clock())
        routed, departure = None, Departure()
        try:
            routed = self._routed(call, trial.member.deployment, departure)
            answer = await handler(routed)
        except APIError as error:
            # What a limit of our own refuses never reached the deployment; one that cannot be called is no use.
            if routed is not None and not departure.sent:
                trial.withdrawn(clock())
            else:
                trial.failed(error, clock(), hasty=_is_hasty(error, call))
            raise
        except BaseException:
            trial.withdrawn(clock())
            raise
        answer.notify(partial(_settle, trial, call))
        if trial.waiting:  # for an answer that goes on; one that came whole has told of its end
            trial.answered(clock())
        return answer

    def _routed(self, call: Call, deployment: Deployment, departure: Departure) -> Call:
        assert call.group is not None
        target = call.target  # a made-up answer needs no place of its own
        if call.request.mock_response is None:
            target = deployment.target(call.group, self.api)
        request = deployment.request(call.request, target.model)
        if self.api == "chat" and chat_needs_responses(target, request.params):
            target = deployment.target(call.group, "responses")
        return msgspec.structs.replace(
            call,
            request=request,
            target=target,
            scope=_scope(call, deployment),
            deployment=deployment.id,
            departure=departure,
            prices=deployment.prices,
        )


def _scope(call: Call, deployment: Deployment) -> CallScope:
    """Return the scope of an attempt, with the deployment's clocks where the caller has set none."""
    timeout, stream_timeout = deployment.timeout, deployment.stream_timeout
    if call.options.sets_clocks or (timeout is None and stream_timeout is None):
        return call.scope
    stream_timeout = stream_timeout if call.request.stream else None
    # Of an attempt that does not stream, the first content is the end: `total` stays the call's.
    return call.scope.within(Timeouts.of(timeout, stream_timeout, stream=True))


def _settle(trial: Trial, call: Call, outcome: Outcome) -> None:
    now = call.scope.loop.time()
    tokens = None if outcome.usage is None else outcome.usage.total_tokens
    if isinstance(outcome.error, APIError):
        trial.answered(now)
        trial.failed(outcome.error, now, tokens, hasty=_is_hasty(outcome.error, call))
    else:
        trial.complete(now, tokens)


def _is_hasty(error: APIError, call: Call) -> bool:
    """Whether a clock ran out that the caller has set, perhaps to less than anybody could keep to."""
    return isinstance(error, TotalTimeout) or (call.options.sets_clocks and isinstance(error, Timeout))

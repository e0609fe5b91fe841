"""Limits: each attempt waits for its room, and is booked with what it really took."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import msgspec

from aiollm.core.gate import Gate
from aiollm.core.permit import Permit, Reservation
from aiollm.core.quota import Amounts
from aiollm.engine.answer import Answer
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.engine.outcome import Outcome
from aiollm.exceptions import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConnectError,
    ConnectTimeout,
    DNSError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProxyError,
    RateLimitError,
    ServiceUnavailableError,
    TLSError,
)
from aiollm.middleware.token_estimates import ModelEstimates
from aiollm.types.usage import Usage

__all__ = ["Limits"]

A = TypeVar("A", bound=Answer)

_USUAL_PRIORITY, _LAST_PRIORITY = 1, 3

_CACHED_ARE_FREE = frozenset({"anthropic", "groq"})
"""Whose limits do not count tokens of a prompt that were read from a cache (docs.anthropic.com/en/api/rate-limits,
console.groq.com/docs/rate-limits)."""

# What is said before any work is done, or when nothing has reached the provider.
_REFUSALS = (
    AuthenticationError,
    BadRequestError,
    ConnectError,
    ConnectTimeout,
    DNSError,
    NotFoundError,
    PermissionDeniedError,
    ProxyError,
    RateLimitError,
    ServiceUnavailableError,
    TLSError,
)


class Limits:
    """The policy of a limiter around a handler.

    An attempt waits for its permit as long as the call may take. The provider's `Retry-After` pauses the limiter, and
    so everybody who shares the limit.

    Args:
        limiter: the limits that all calls are under; or what tells those of a call, None for none.
    """

    def __init__(self, limiter: Gate | Callable[[Call], Gate | None]) -> None:
        self._limiter = limiter
        self._models: dict[tuple[str, str], ModelEstimates] = {}

    def __call__(self, call: Call, handler: Handler[A]) -> Awaitable[A]:
        limiter = self._limiter if isinstance(self._limiter, Gate) else self._limiter(call)
        if limiter is None or call.request.mock_response is not None:
            return handler(call)
        return self._within(limiter, call, handler)

    async def _within(self, limiter: Gate, call: Call, handler: Handler[A]) -> A:
        model = call.target.provider.name, call.request.model
        estimates = self._models.get(model) or self._models.setdefault(model, ModelEstimates())
        estimate = estimates.estimate(call.request)
        permit = limiter.pass_at_once(estimate) or await _permit(call, limiter, estimate)
        try:
            answer = await handler(call)
        except BaseException as error:
            _refused(call, limiter, permit, error)
            raise
        limiter.succeeded(permit, headers=answer.head.headers, provider=call.target.provider.name)
        answer.notify(partial(_ended, call, limiter, permit, estimates))
        return answer


async def _permit(call: Call, limiter: Gate, estimate: Amounts) -> Permit:
    """Wait for room, because there is none at once: to wait costs a timer, even where it is for nothing.

    Raises:
        RateLimitError: that would take longer than the limiter allows.
        ServiceUnavailableError: limits that are shared cannot be kept.
        TotalTimeout: the time of the call is over.
    """
    try:
        return await call.scope.wait(_reservation(call, limiter, estimate), "room within the limits")
    except (RateLimitError, ServiceUnavailableError) as error:
        error.with_context(model=call.request.model, llm_provider=call.target.provider.name)
        raise


def _reservation(call: Call, limiter: Gate, estimate: Amounts) -> Reservation:
    options = call.options
    return limiter.reserve(
        input_tokens=estimate.input_tokens,
        output_tokens=estimate.output_tokens,
        priority=_USUAL_PRIORITY if options.priority is None else min(options.priority, _LAST_PRIORITY),
        key=options.fairness_key,
    )


def _refused(call: Call, limiter: Gate, permit: Permit, error: BaseException) -> None:
    """Take in that no answer began, and why: a pause before there is room for who waits."""
    if call.departure is not None and not call.departure.sent:  # it has waited for its deployment's own limits
        permit.refund()
        permit.release()
        return
    if isinstance(error, APIError) and error.headers:
        limiter.learn(error.headers, provider=call.target.provider.name)
    _heed(limiter, permit, error)
    if not isinstance(error, APIError):  # cancelled: the prompt has perhaps been read
        limiter.settle(permit, msgspec.structs.replace(permit.estimate, output_tokens=0))
    elif error.usage is not None:
        limiter.settle(permit, _taken(call, error.usage))
    elif isinstance(error, _REFUSALS):
        permit.refund()
    permit.release()


def _ended(call: Call, limiter: Gate, permit: Permit, estimates: ModelEstimates, outcome: Outcome) -> None:
    """Book what an answer took. Where the provider did not count, a chunk is about a token."""
    if outcome.error is not None:
        _heed(limiter, permit, outcome.error)
    usage = outcome.usage
    if usage is not None:
        estimates.learn(permit.estimate, usage.prompt_tokens, usage.completion_tokens)
        limiter.finish(permit, _taken(call, usage))
    elif outcome.chunks:
        limiter.finish(permit, msgspec.structs.replace(permit.estimate, output_tokens=outcome.chunks))
    else:
        permit.release()


def _taken(call: Call, usage: Usage) -> Amounts:
    """Return what a usage takes of the limits."""
    prompt_tokens, completion_tokens = usage.prompt_tokens, usage.completion_tokens
    if call.target.provider.name in _CACHED_ARE_FREE and (details := usage.prompt_tokens_details) is not None:
        prompt_tokens -= details.cached_tokens or 0
    if prompt_tokens < 0 or completion_tokens < 0:
        return Amounts(1, max(0, prompt_tokens), max(0, completion_tokens))
    return Amounts(1, prompt_tokens, completion_tokens)


def _heed(limiter: Gate, permit: Permit, error: BaseException) -> None:
    """Slow down, or pause, where the provider says so."""
    if not isinstance(error, APIError):
        return
    if isinstance(error, RateLimitError | OverloadedError) and error.retryable:
        limiter.throttled(permit, retry_after=error.retry_after)
    elif error.retry_after is not None:
        limiter.pause(error.retry_after)

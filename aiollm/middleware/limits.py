"""Limits: each attempt waits for its room, and is booked with what it really took."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from aiollm.core.gate import Gate
from aiollm.core.permit import Permit
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

__all__ = ["Limits"]

A = TypeVar("A", bound=Answer)

_USUAL_PRIORITY, _LAST_PRIORITY = 1, 3

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
        limiter_of: tells whose limits a call is under; None for none.
    """

    def __init__(self, limiter_of: Callable[[Call], Gate | None]) -> None:
        self._limiter_of = limiter_of
        self._models: dict[tuple[str, str], ModelEstimates] = {}

    async def __call__(self, call: Call, handler: Handler[A]) -> A:
        limiter = self._limiter_of(call)
        if limiter is None or call.request.mock_response is not None:
            return await handler(call)
        estimates = self._models.setdefault((call.target.provider.name, call.request.model), ModelEstimates())
        permit = await _permit(call, limiter, estimates.estimate(call.request))
        try:
            answer = await handler(call)
        except BaseException as error:
            _refused(limiter, permit, error, call.target.provider.name)
            raise
        limiter.succeeded(permit)
        limiter.learn(answer.head.headers, provider=call.target.provider.name)
        answer.on_close(partial(_settle, permit, estimates))
        return answer


async def _permit(call: Call, limiter: Gate, estimate: Amounts) -> Permit:
    """Wait for room.

    Raises:
        RateLimitError: that would take longer than the limiter allows.
        TotalTimeout: the time of the call is over.
    """
    priority = _USUAL_PRIORITY if call.options.priority is None else min(call.options.priority, _LAST_PRIORITY)
    reservation = limiter.reserve(
        input_tokens=estimate.input_tokens,
        output_tokens=estimate.output_tokens,
        priority=priority,
        key=call.options.fairness_key,
    )
    try:
        return await call.scope.wait(reservation, "room within the limits")
    except RateLimitError as error:
        error.with_context(model=call.request.model, llm_provider=call.target.provider.name)
        raise


def _refused(limiter: Gate, permit: Permit, error: BaseException, provider: str) -> None:
    """Take in that no answer began, and why."""
    if not isinstance(error, APIError):  # cancelled: the prompt has perhaps been read
        permit.settle(input_tokens=permit.estimate.input_tokens, output_tokens=0)
    elif error.usage is not None:
        permit.settle(input_tokens=error.usage.prompt_tokens, output_tokens=error.usage.completion_tokens)
    elif isinstance(error, _REFUSALS):
        permit.refund()
    if isinstance(error, APIError):
        if error.headers:
            limiter.learn(error.headers, provider=provider)
        if isinstance(error, RateLimitError | OverloadedError) and error.retryable:
            limiter.throttled(permit, retry_after=error.retry_after)
        elif error.retry_after is not None:
            limiter.pause(error.retry_after)
    permit.release()


def _settle(permit: Permit, estimates: ModelEstimates, outcome: Outcome) -> None:
    """Book what an answer took. Where the provider did not count, a chunk is about a token."""
    if outcome.usage is not None:
        taken = outcome.usage.prompt_tokens, outcome.usage.completion_tokens
        estimates.learn(permit.estimate, *taken)
        permit.settle(input_tokens=taken[0], output_tokens=taken[1])
    elif outcome.chunks:
        permit.settle(input_tokens=permit.estimate.input_tokens, output_tokens=outcome.chunks)
    permit.release()

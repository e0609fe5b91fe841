"""Trying again: the same request once more, when that may help, and only before the first content."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from aiollm.engine.answer import Answer
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.exceptions import APIError, FirstTokenTimeout, RateLimitError, ServiceUnavailableError, TotalTimeout
from aiollm.middleware.retry_budget import RetryBudget

__all__ = ["Retry", "Retrying", "wait_before_retry"]

A = TypeVar("A", bound=Answer)

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 8.0
"""The waits of the official clients of OpenAI and Anthropic: half a second, doubled each time, 8 s at the most."""


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """When a failed request is sent again.

    Attributes:
        retries: how often at the most, beside the first attempt; a call's own `num_retries` goes first.
        by_class: error class -> how often at the most after an error of it; the nearest class of the error holds. What
            is named here is tried again even where that is not likely to help, as with a request that was refused.
        after_first_token_timeout: whether to ask again when no content came in time. The provider may be at work on
            the first request still, and charge for both.
        shortest_wait: seconds to wait before asking the same place again.
        longest_retry_after: seconds. A provider that asks to wait longer is not asked again.
        budget: bounds the retries of all calls together, so that an outage is not answered with three times the load.
            None for no bound.

    Raises:
        ValueError: a number is below 0, or none; a key of `by_class` is no class of error.
    """

    retries: int = 2
    by_class: Mapping[type[APIError], int] = {}
    after_first_token_timeout: bool = False
    shortest_wait: float = 0.0
    longest_retry_after: float = 120.0
    budget: RetryBudget | None = msgspec.field(default_factory=RetryBudget)

    def __post_init__(self) -> None:
        _check_count(self.retries)
        _check_counts(self.by_class)
        _check_seconds("shortest_wait", self.shortest_wait)
        _check_seconds("longest_retry_after", self.longest_retry_after)

    def allowed(self, error: APIError, retries: int | None) -> int:
        """Return how many retries a call may make after this error.

        Args:
            error: what the last attempt failed with.
            retries: what the call itself says, or None.
        """
        named = self.named(error)
        if named is not None:
            return self.by_class[named]
        return self.retries if retries is None else retries

    def named(self, error: APIError) -> type[APIError] | None:
        """Return the class that `by_class` knows an error by."""
        return next((cls for cls in type(error).__mro__ if cls in self.by_class), None)


def _check_count(retries: Any) -> None:
    if not isinstance(retries, int) or retries < 0:
        raise ValueError(f"retries must be a whole number from 0; got {retries!r}")


def _check_counts(by_class: Mapping[Any, Any]) -> None:
    for cls, count in by_class.items():
        if not (isinstance(cls, type) and issubclass(cls, APIError)) or not isinstance(count, int) or count < 0:
            raise ValueError(
                "by_class must be numbers by error classes, such as {aiollm.RateLimitError: 5}; "
                f"got {cls!r}: {count!r}"
            )


def _check_seconds(name: str, value: Any) -> None:
    if not (isinstance(value, int | float) and value >= 0):
        raise ValueError(f"{name} must be seconds from 0; got {value!r}")


def wait_before_retry(
    error: APIError, failed: int, retry: Retry, chance: float, *, elsewhere: bool = False
) -> float | None:
    """Return how many seconds to wait before the next attempt, or None to give up.

    The provider's word goes first: `x-should-retry` decides, `Retry-After` is waited for in full. Otherwise the wait
    is drawn from 0 to a bound that doubles with each failure, so that clients that failed together part.

    Args:
        error: what the last attempt failed with, before any content.
        failed: how many attempts have failed, from 1.
        retry: the policy.
        chance: a random number from 0 to 1.
        elsewhere: whether the next attempt goes to another deployment, which need not be waited for, and which may
            accept the key, know the model, or be in time, where this one does not.
    """
    if not (_may_help(error, retry) or (elsewhere and _may_help_elsewhere(error))):
        return None
    if elsewhere:
        return 0.0
    if _is_of_our_own(error):
        return None  # limits have been waited for as long as that may take; for others than limits nobody waits unasked
    if error.retry_after is not None and error.retry_after > 0:
        return error.retry_after if error.retry_after <= retry.longest_retry_after else None
    return max(retry.shortest_wait, chance * min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (failed - 1)))


def _may_help(error: APIError, retry: Retry) -> bool:
    if isinstance(error, TotalTimeout):
        return False
    told = (error.headers or {}).get("x-should-retry")
    if told in ("true", "false"):
        return told == "true"
    if retry.named(error) is not None:
        return True
    if isinstance(error, FirstTokenTimeout):
        return retry.after_first_token_timeout
    return bool(error.retryable)


def _is_of_our_own(error: APIError) -> bool:
    """Whether nothing was sent: limits have no room, or all deployments of a router are left alone."""
    return isinstance(error, RateLimitError | ServiceUnavailableError) and error.phase == "request"


def _may_help_elsewhere(error: APIError) -> bool:
    return isinstance(error, FirstTokenTimeout) or error.status_code in (401, 403, 404)


class Retrying:
    """The policy of `Retry` around a handler.

    Args:
        retry: the policy.
        elsewhere: tells of a failed call whether the next attempt would go to another deployment.
        rng: gives random numbers from 0 to 1.
    """

    def __init__(
        self,
        retry: Retry,
        elsewhere: Callable[[Call], bool] = lambda call: False,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._retry = retry
        self._elsewhere = elsewhere
        self._rng = rng

    async def __call__(self, call: Call, handler: Handler[A]) -> A:
        budget = self._retry.budget
        if budget is not None:
            budget.called()
        failed = 0
        before: APIError | None = None
        while True:
            try:
                return await handler(call)
            except APIError as error:
                failed += 1
                wait = self._wait(call, error, failed)
                if wait is None and (before is None or not _is_of_our_own(error)):
                    error.attempts = tuple(call.attempts)
                    raise
                last = error
            if wait is None:
                assert before is not None
                before.add_note(f"not tried again: {last}")
                before.attempts = tuple(call.attempts)
                raise before.with_context(retry_after=last.retry_after)
            before = last
            if wait:
                await call.scope.wait(asyncio.sleep(wait), "another attempt")
            call = msgspec.structs.replace(call, cause="retry")

    def _wait(self, call: Call, error: APIError, failed: int) -> float | None:
        """Return how long to wait for the next attempt, or None if there is none."""
        # What a call makes up itself, it would make up again.
        if call.request.mock_response is not None or failed > self._retry.allowed(error, call.options.retries):
            return None
        wait = wait_before_retry(error, failed, self._retry, self._rng(), elsewhere=self._elsewhere(call))
        now, deadline = call.scope.loop.time(), call.scope.deadline
        if wait is None or (deadline is not None and now + wait >= deadline):
            return None
        # A provider that says when to come back is not overrun by those who do as it says.
        budget = None if error.retry_after else self._retry.budget
        if budget is not None and not budget.take(now):
            error.add_note("not tried again: too many of this client's calls fail, and its retry budget is spent")
            return None
        return wait

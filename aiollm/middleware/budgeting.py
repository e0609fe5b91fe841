"""Calls within a budget: what one may cost is reserved before it is sent, and what it did cost is spent at its end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from attrs import field, frozen

from aiollm.engine.answer import Answer
from aiollm.engine.attempt import Attempt
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.engine.outcome import Outcome
from aiollm.exceptions import BadRequestError, Timeout
from aiollm.middleware.budget import Budget, Reservation
from aiollm.pricing.estimate import BYTES_PER_TOKEN, asked_output_tokens, prompt_bytes, text_bytes
from aiollm.pricing.reduction import Entry
from aiollm.providers.prices import cost_at, entry_of, most_at, region_of
from aiollm.providers.provider import Target
from aiollm.types.origin import Origin
from aiollm.types.request import Request
from aiollm.types.usage import Usage

__all__ = ["Budgeting", "Plan", "Way", "plan", "ways_of_call"]

A = TypeVar("A", bound=Answer)

UNKNOWN_OUTPUT = 16_384
"""How many tokens an answer is taken to have at the most where neither the call nor the table says."""


Way = tuple[Request, Target, Entry | None]
"""A request that may answer a call, where it goes, and the deployment's own prices."""


def ways_of_call(call: Call) -> Iterator[Way]:
    """Yield the requests of which one may answer the call: its own, and its fallbacks'."""
    yield call.request, call.target, call.prices
    fallbacks = call.options.fallbacks
    if fallbacks is not None:
        for other in (*fallbacks.default, *fallbacks.context_window, *fallbacks.content_policy):
            yield other.request, other.target, None


class Budgeting:
    """The policy of a `Budget` around a handler.

    Args:
        budget: the budget.
        ways: tells of a call what it may come to.
    """

    def __init__(self, budget: Budget, ways: Callable[[Call], Iterable[Way]] = ways_of_call) -> None:
        self._budget = budget
        self._ways = ways

    async def __call__(self, call: Call, handler: Handler[A]) -> A:
        if call.request.mock_response is not None:  # nothing is sent, and nobody is paid
            return await handler(call)
        plans = [plan(*way) for way in self._ways(call)]
        if self._budget.usd is not None:
            _refuse_without_price(plans)
        reservation = self._budget.reserve(max(plan.usd or 0.0 for plan in plans), max(plan.tokens for plan in plans))
        bill = _Bill(call.attempts, plans[0], reservation)
        try:
            answer = await handler(call)
        except BaseException:
            bill.settle_without_answer()
            raise
        answer.on_close(bill.settle)
        return answer


@frozen
class Plan:
    """What a request may come to.

    Attributes:
        target: where it goes.
        entry: what is known of the model, or None.
        prompt_tokens: how long the prompt is, about.
        tokens: of the prompt and the answer, at the most.
        usd: what it may cost at the most; None where the price is not known.
    """

    target: Target
    entry: Entry | None
    prompt_tokens: int
    tokens: int
    usd: float | None

    def cost(self, usage: Usage) -> float:
        """Return what a usage would cost there, in USD."""
        if self.entry is None:
            return 0.0
        cost = cost_at(self.target.provider.name, self.entry, usage, region=region_of(self.target))
        return 0.0 if cost is None else cost.total


def plan(request: Request, target: Target, prices: Entry | None) -> Plan:
    """Return what a request may come to. Nothing is sent."""
    region = region_of(target)
    entry = prices or entry_of(target.provider.name, target.model, region=region)
    prompt = math.ceil(prompt_bytes(request) / BYTES_PER_TOKEN)
    completion = _longest_answer(request, entry)
    usd = None
    if entry is not None:
        tier = request.params.get("service_tier")
        usd = most_at(target.provider.name, entry, prompt, completion, region=region, service_tier=tier)
    return Plan(target, entry, prompt, prompt + completion, usd)


def _longest_answer(request: Request, entry: Entry | None) -> int:
    """Return how many tokens the answer may have at the most."""
    asked = asked_output_tokens(request)
    if asked is not None:
        return asked
    known = entry or {}
    limit: int = known.get("max_output_tokens") or known.get("max_tokens") or UNKNOWN_OUTPUT
    return limit * max(1, request.params.get("n") or 1)


def _refuse_without_price(plans: list[Plan]) -> None:
    for plan in plans:
        if plan.usd is None:
            raise BadRequestError(
                f"a budget in USD needs the price of {plan.target.model!r} at {plan.target.provider.name}, which is "
                "not known: say it with register_model, or limit tokens; nothing was sent",
                model=plan.target.model,
                llm_provider=plan.target.provider.name,
                param="model",
                phase="request",
            )


@frozen
class _Bill:
    """What the attempts of one call come to.

    It refers to no answer: an answer keeps its listeners, and must not be part of a cycle.
    """

    attempts: list[Attempt]
    plan: Plan
    reservation: Reservation
    charges: list[tuple[float, int, bool]] = field(factory=list)

    def settle(self, outcome: Outcome) -> None:
        """Spend what the call did cost, with the answer that has ended now."""
        for attempt in self.attempts:
            if attempt.origin is not outcome.origin:
                self._charge_attempt(attempt)
            elif attempt.ended is None:  # its own listener comes after this one
                self._charge(outcome.usage, outcome.origin, outcome.response)
            else:  # it may be a part of the answer only
                self._charge(attempt.usage, outcome.origin, outcome.response)
        self._settle()

    def settle_without_answer(self) -> None:
        """Spend what the attempts did cost of a call that has no answer."""
        for attempt in self.attempts:
            self._charge_attempt(attempt)
        self._settle()

    def _charge_attempt(self, attempt: Attempt) -> None:
        """Charge an attempt beside the answer. One that the provider refused is free."""
        refused = attempt.ended == "failed" and attempt.origin is None
        late = isinstance(attempt.error, Timeout) and attempt.error.phase == "first_token"
        if not refused or late:
            self._charge(attempt.usage, attempt.origin, attempt.error and attempt.error.partial)

    def _charge(self, usage: Usage | None, origin: Origin | None, partial: Any) -> None:
        """Charge what was counted; else what was sent, and what has come of the answer."""
        counted = usage is not None
        if usage is None:
            came = _tokens_of(partial)
            usage = Usage(prompt_tokens=self.plan.prompt_tokens, completion_tokens=came)
        cost = None if origin is None else origin.cost(usage)
        tokens = usage.total_tokens or usage.prompt_tokens + usage.completion_tokens
        guessed = not counted or (cost is None and self.plan.usd is not None)
        self.charges.append((self.plan.cost(usage) if cost is None else cost, tokens, guessed))

    def _settle(self) -> None:
        usd, tokens = sum(charge[0] for charge in self.charges), sum(charge[1] for charge in self.charges)
        self.reservation.settle(usd, tokens, estimated=any(charge[2] for charge in self.charges))


def _tokens_of(partial: Any) -> int:
    """Return about how many tokens an answer has so far; what is around its text counts as well."""
    return 0 if partial is None else math.ceil(text_bytes(partial.model_dump(exclude_none=True)) / BYTES_PER_TOKEN)

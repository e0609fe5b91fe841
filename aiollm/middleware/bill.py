"""What a call may come to, and what its attempts came to: counted where the provider told, else estimated."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from aiollm.engine.attempt import Attempt
from aiollm.engine.outcome import Outcome
from aiollm.exceptions import Timeout
from aiollm.pricing.cost import most_of
from aiollm.pricing.entry import Entry
from aiollm.pricing.estimate import BYTES_PER_TOKEN, answers_asked, asked_output_tokens, prompt_bytes, text_bytes
from aiollm.pricing.rates import Circumstances, PriceList, price_list
from aiollm.providers.prices import cost_at, entry_of, is_uplifted, region_of
from aiollm.providers.provider import Target
from aiollm.types.origin import Origin
from aiollm.types.request import Request
from aiollm.types.usage import Usage

__all__ = ["Bill", "Charge", "Plan", "Tariff", "plan_of"]

UNKNOWN_OUTPUT = 16_384
"""How many tokens an answer is taken to have at the most where neither the call nor the table says."""


class Plan(msgspec.Struct, frozen=True):
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


class Tariff(msgspec.Struct, frozen=True, eq=False):
    """What is the same for all requests to a target, found out once.

    Attributes:
        target: where they go.
        entry: what is known of the model, or None.
    """

    target: Target
    entry: Entry | None
    _prices: PriceList | None
    _uplifted: bool
    _longest: int  # answer, in tokens, where a request does not say

    @classmethod
    def of(cls, target: Target, prices: Entry | None) -> Tariff:
        """Return that of a target.

        Args:
            target: the target.
            prices: the deployment's own, over the table's.
        """
        provider, region = target.provider.name, region_of(target)
        entry = prices or entry_of(provider, target.model, region=region)
        known = entry or {}
        longest = known.get("max_output_tokens") or known.get("max_tokens") or UNKNOWN_OUTPUT
        listed = None if entry is None else price_list(entry)
        return cls(target, entry, listed, is_uplifted(provider, region), longest)

    def plan(self, request: Request) -> Plan:
        """Return what a request may come to."""
        prompt = math.ceil(prompt_bytes(request) / BYTES_PER_TOKEN)
        answer = asked_output_tokens(request)
        if answer is None:
            answer = self._longest * answers_asked(request.params)
        usd = None
        if self._prices is not None:
            circumstances = Circumstances(prompt, request.params.get("service_tier"))
            usd = most_of(self._prices, answer, circumstances, uplifted=self._uplifted)
        return Plan(self.target, self.entry, prompt, prompt + answer, usd)


def plan_of(request: Request, target: Target, prices: Entry | None) -> Plan:
    """Return what a request may come to at a target, by the deployment's own prices or the table's."""
    return Tariff.of(target, prices).plan(request)


class Charge(msgspec.Struct, frozen=True):
    """What attempts came to.

    Attributes:
        usd: US dollars.
        tokens: of the prompts and the answers.
        prompt_tokens, completion_tokens, cached_tokens: the counts apart.
        estimated: whether some of it is not what the provider counted.
    """

    usd: float = 0.0
    tokens: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = False


class Bill(msgspec.Struct, frozen=True):
    """What the attempts of one call come to.

    It refers to no answer: an answer keeps its listeners, and must not be part of a cycle.

    Attributes:
        attempts: the call's ledger.
        plan: returns what the call may come to; asked only where something was not counted.
    """

    attempts: Sequence[Attempt]
    plan: Callable[[], Plan]

    def of_answer(self, outcome: Outcome) -> Charge:
        """Return what the call did cost, with the answer that has ended now."""
        return _sum([charge for attempt in self.attempts if (charge := self._with_answer(attempt, outcome))])

    def without_answer(self) -> Charge:
        """Return what the attempts did cost of a call that has no answer."""
        return _sum([charge for attempt in self.attempts if (charge := self._beside_answer(attempt))])

    def _with_answer(self, attempt: Attempt, outcome: Outcome) -> Charge | None:
        if attempt.origin is not outcome.origin:
            return self._beside_answer(attempt)
        # Its own listener may come after this one; where it came before, its usage may be of a part of the answer only.
        usage = outcome.usage if attempt.ended is None else attempt.usage
        if usage is None:
            return self._charge(self._estimate(outcome.response), outcome.origin, estimated=True)
        return self._charge(usage, outcome.origin)

    def _beside_answer(self, attempt: Attempt) -> Charge | None:
        """Return what an attempt beside the answer cost. One that the provider refused is free."""
        error = attempt.error
        refused = attempt.ended == "failed" and attempt.origin is None
        late = isinstance(error, Timeout) and error.phase == "first_token"
        if refused and not late:
            return None
        if attempt.usage is None:
            return self._charge(self._estimate(error and error.partial), attempt.origin, estimated=True)
        return self._charge(attempt.usage, attempt.origin)

    def _estimate(self, partial: Any) -> Usage:
        """Return what was used where nobody has counted: what was sent, and what has come of the answer."""
        return Usage(prompt_tokens=self.plan().prompt_tokens, completion_tokens=_tokens_of(partial))

    def _charge(self, usage: Usage, origin: Origin | None, *, estimated: bool = False) -> Charge:
        cost = None if origin is None else origin.cost(usage)
        if cost is None:
            plan = self.plan()
            cost, estimated = plan.cost(usage), estimated or plan.usd is not None
        details = usage.prompt_tokens_details
        return Charge(
            usd=cost,
            tokens=usage.total_tokens or usage.prompt_tokens + usage.completion_tokens,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=0 if details is None else details.cached_tokens or 0,
            estimated=estimated,
        )


def _sum(charges: Sequence[Charge]) -> Charge:
    if len(charges) == 1:
        return charges[0]
    return Charge(
        sum(charge.usd for charge in charges),
        sum(charge.tokens for charge in charges),
        sum(charge.prompt_tokens for charge in charges),
        sum(charge.completion_tokens for charge in charges),
        sum(charge.cached_tokens for charge in charges),
        any(charge.estimated for charge in charges),
    )


def _tokens_of(partial: Any) -> int:
    """Return about how many tokens an answer has so far; what is around its text counts as well."""
    return 0 if partial is None else math.ceil(text_bytes(partial.model_dump(exclude_none=True)) / BYTES_PER_TOKEN)

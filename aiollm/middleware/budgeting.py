"""Calls within a budget: what one may cost is reserved before it is sent, and what it did cost is spent at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from aiollm.engine.answer import Answer
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.exceptions import BadRequestError
from aiollm.middleware.bill import Bill, Charge, Plan, plan_of
from aiollm.middleware.budget import Budget, Reservation
from aiollm.pricing.entry import Entry
from aiollm.providers.provider import Target
from aiollm.types.request import Request

__all__ = ["Budgeting", "Way", "ways_of_call"]

A = TypeVar("A", bound=Answer)

Way = tuple[Request, Target, Entry | None]
"""A request that may answer a call, where it goes, and the deployment's own prices."""


def ways_of_call(call: Call) -> Iterator[Way]:
    """Yield the requests of which one may answer the call: its own, and its fallbacks'."""
    yield call.request, call.target, call.prices
    fallbacks = call.options.fallbacks
    if fallbacks is not None:
        for other in fallbacks.all():
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
        plans = [plan_of(*way) for way in self._ways(call)]
        if self._budget.usd is not None:
            _refuse_without_price(plans)
        reservation = self._budget.reserve(max(plan.usd or 0.0 for plan in plans), max(plan.tokens for plan in plans))
        bill = Bill(call.attempts, lambda: plans[0])
        try:
            answer = await handler(call)
        except BaseException:
            _settle(reservation, bill.without_answer())
            raise
        answer.notify(lambda outcome: _settle(reservation, bill.of_answer(outcome)))
        return answer


def _settle(reservation: Reservation, charge: Charge) -> None:
    reservation.settle(charge.usd, charge.tokens, estimated=charge.estimated)


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

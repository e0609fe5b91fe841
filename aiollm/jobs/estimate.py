"""What a job may come to, before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from attrs import define

from aiollm.exceptions import APIError
from aiollm.jobs.asking import Asking
from aiollm.jobs.item import Item
from aiollm.middleware.bill import plan_of

__all__ = ["Estimate", "estimate"]

_AT_A_TIME = 100
"""How many requests are read before other tasks get their turn."""


@define(kw_only=True)
class Estimate:
    """What a job may come to. Prompts are counted without a tokenizer, four bytes a token.

    Attributes:
        requests: how many there are to ask.
        from_store: how many an earlier run has answered.
        faulty: how many are no requests, or wrong ones.
        prompt_tokens: of all that there are to ask, about.
        most_tokens: of prompts and answers, if each answer is as long as it may be.
        most_usd: what that costs.
        unpriced: of how many requests the price is not known; they are not in `most_usd`.
    """

    requests: int = 0
    from_store: int = 0
    faulty: int = 0
    prompt_tokens: int = 0
    most_tokens: int = 0
    most_usd: float = 0.0
    unpriced: int = 0

    def __str__(self) -> str:
        parts = [
            f"{self.requests} requests",
            f"about {self.prompt_tokens:,} prompt tokens",
            f"at most {self.most_tokens:,} tokens",
            f"at most ${self.most_usd:,.4f}",
        ]
        counts = {"without a price": self.unpriced, "answered already": self.from_store, "faulty": self.faulty}
        return ", ".join([*parts, *(f"{count} {name}" for name, count in counts.items() if count)])


async def estimate(items: AsyncIterator[Item], asking: Asking) -> Estimate:
    """Read all items, and return what they may come to. Nothing is sent."""
    total = Estimate()
    async for item in items:
        await _add(total, item, asking)
        if item.index % _AT_A_TIME == _AT_A_TIME - 1:
            await asyncio.sleep(0)
    return total


async def _add(total: Estimate, item: Item, asking: Asking) -> None:
    try:
        question = asking.question(item)
    except APIError:
        total.faulty += 1
        return
    if await asking.has(question.key):
        total.from_store += 1
        return
    plans = [plan_of(*way) for way in asking.client.ways(question.call)]
    prices = [each.usd for each in plans if each.usd is not None]
    total.requests += 1
    total.prompt_tokens += plans[0].prompt_tokens
    total.most_tokens += max(each.tokens for each in plans)
    total.most_usd += max(prices, default=0.0)
    total.unpriced += len(prices) < len(plans)

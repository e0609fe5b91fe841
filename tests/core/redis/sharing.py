"""Processes that share limits, many of them in one, and what is to be seen of how they keep to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from aiollm.core.gate import Gate
from aiollm.core.redis.link import RedisLink
from aiollm.core.redis.quota import RedisQuota, close

PERIOD = 0.5  # seconds; a minute elsewhere
LEASE = 0.1
LIFE = 5 * LEASE  # of the places of a process that is gone
ANSWER = 5.0  # how long a visit may take; on a busy machine one takes a second

Spent = list[tuple[float, float]]  # when, and how much


@asynccontextmanager
async def process(
    url: str,
    name: str,
    *,
    on_failure: Any = "closed",
    period: float = PERIOD,
    answer: float = ANSWER,
    **limits: float,
) -> AsyncIterator[Gate]:
    """Yield the gate of what is a process of its own to the server."""
    link = RedisLink(url, seconds=answer, meanwhile="this is a test")
    quota = RedisQuota(link, name, limits, adaptive=False, on_failure=on_failure, period=period, lease=LEASE)
    gate = Gate(quota)
    quota.listen(lambda pause: gate.ask_again())
    try:
        yield gate
    finally:
        await close(quota)


def most_in_a_window(spent: Iterable[tuple[float, float]], period: float = PERIOD) -> float:
    """Return the most that was spent in any window of a period."""
    most = total = 0.0
    ordered = sorted(spent)
    oldest = 0
    for when, amount in ordered:
        total += amount
        while ordered[oldest][0] <= when - period:
            total -= ordered[oldest][1]
            oldest += 1
        most = max(most, total)
    return most


async def spend(gate: Gate, spent: Spent, until: float, tokens: float = 0) -> None:
    """Pass one request after the other until a time of the loop, and write down when."""
    loop = asyncio.get_running_loop()
    while (left := until - loop.time()) > 0:
        try:
            async with asyncio.timeout(left):
                permit = await gate.reserve(input_tokens=tokens)
        except TimeoutError:
            return
        spent.append((permit.taken_at, tokens or 1))
        permit.release()


async def visits(url: str) -> int:
    """Return how many visits the server has had so far."""
    async with Redis.from_url(url) as client:
        statistics = await client.info("commandstats")
    return sum(statistics.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("eval", "evalsha"))

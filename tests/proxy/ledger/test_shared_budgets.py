"""Two workers that tell each other over a real Redis what the store does not know of yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from aiollm.proxy.inbound.failure import Refusal
from aiollm.proxy.keys import Holder
from aiollm.proxy.ledger import Admissions, SharedBudgets, shared_budgets
from tests.proxy.ledger.rows import NOON, key
from tests.services.redis import RedisServer

DEADLINE = 10.0
POOR = key(budget=1000)


@pytest.fixture(autouse=True)
def _quick_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_budgets, "ROUND_SECONDS", 0.02)


@asynccontextmanager
async def worker(server: RedisServer) -> AsyncIterator[Admissions]:
    admissions = Admissions()
    budgets = SharedBudgets(server.url, admissions)
    budgets.start()
    try:
        yield admissions
    finally:
        await budgets.aclose()


def lets_in(admissions: Admissions, cost: int, holder: Holder = POOR) -> bool:
    """Whether a call of a cost is let in now; it costs nothing in the end."""
    try:
        admissions.admit([holder], NOON, 0.0, tokens=1, cost=cost).settle(0.0, tokens=1, cost=0)
    except Refusal:
        return False
    return True


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - it changes with the rounds of another task
            await asyncio.sleep(0.01)


async def test_what_is_in_flight_or_unwritten_at_one_worker_is_not_left_for_the_other(
    redis_server: RedisServer,
) -> None:
    async with worker(redis_server) as one, worker(redis_server) as two:
        assert lets_in(two, 1000)
        flying = one.admit([POOR], NOON, 0.0, tokens=1, cost=800)
        await until(lambda: not lets_in(two, 300))
        assert lets_in(two, 200)
        assert lets_in(one, 200)  # its own does not count twice
        flying.settle(0.0, tokens=1, cost=300)
        await until(lambda: lets_in(two, 700))
        assert not lets_in(two, 701)
        one.written({(POOR.id, 0.0): 300})
        two.refresh({(POOR.id, 0.0): 300})
        await until(lambda: lets_in(two, 700))  # for a while it counted twice, lest it did not count at all
        assert not lets_in(two, 701)


async def test_what_a_worker_has_pending_goes_with_it_and_with_the_server(
    mortal_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_budgets, "HEARD_SECONDS", 0.2)
    async with worker(mortal_redis) as two:
        async with worker(mortal_redis) as one:
            one.admit([POOR], NOON, 0.0, tokens=1, cost=800)
            await until(lambda: not lets_in(two, 300))
        await until(lambda: lets_in(two, 1000))
        async with worker(mortal_redis) as one:
            one.admit([POOR], NOON, 0.0, tokens=1, cost=800)
            await until(lambda: not lets_in(two, 300))
            mortal_redis.kill()
            await until(lambda: lets_in(two, 1000))

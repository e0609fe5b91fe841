"""The limits of deployments, in this process and shared by way of a real Redis."""

from __future__ import annotations

import uuid

import pytest
from redis.asyncio import Redis

import aiollm
from aiollm.core.limiter import Limiter
from aiollm.core.limiter_stats import LimiterStats
from aiollm.router.limiters import limiter_of_share, local_limiter
from tests.router.deployments import MESSAGES, ask, entry, servers
from tests.router.fleets import deployment
from tests.services.redis import RedisServer


def test_a_deployment_without_limits_has_no_limiter() -> None:
    assert local_limiter(deployment()) is None
    assert isinstance(local_limiter(deployment(rpm=5)), Limiter)


def _stats_of_shares(count: int, **limits: int) -> list[LimiterStats]:
    """Return what the limiters know of themselves that so many processes have for one deployment."""
    limiters = [limiter_of_share(number, count)(deployment(**limits)) for number in range(count)]
    return [limiter.stats() for limiter in limiters if isinstance(limiter, Limiter)]


def test_the_shares_of_all_processes_are_the_whole_limit() -> None:
    assert [stats.rpm for stats in _stats_of_shares(3, rpm=7)] == [3, 2, 2]


def test_a_process_has_a_share_even_where_there_is_less_than_one_for_each() -> None:
    assert [stats.concurrency for stats in _stats_of_shares(2, max_parallel_requests=1)] == [1, 1]


def test_a_deployment_without_limits_has_no_shares_of_them() -> None:
    assert _stats_of_shares(2) == []


async def test_limits_that_change_are_new_limits() -> None:
    async with servers(1) as (server,):
        router = aiollm.Router([entry(server, "a", rpm=1)])
        await ask(router)
        router.upsert_deployment(entry(server, "a", rpm=2))
        await ask(router)
        assert len(server.log) == 2


async def test_routers_share_the_limits_of_a_deployment(redis_server: RedisServer) -> None:
    id = str(uuid.uuid4())
    async with Redis.from_url(redis_server.url) as client:  # a server that has known them for long
        key = f"aiollm:limits:{{deployment {id}}}"
        await client.hset(key, mapping={"epoch": "long ago", "quiet": "0"})
    async with servers(1) as (server,):
        routers = [aiollm.Router([entry(server, id, rpm=1)], redis_url=redis_server.url) for _ in range(2)]
        await ask(routers[0])
        with pytest.raises(aiollm.TotalTimeout, match="limits"):
            await routers[1].acompletion("g", MESSAGES, timeout=0.3)
        assert len(server.log) == 1
        for router in routers:
            await router.aclose()

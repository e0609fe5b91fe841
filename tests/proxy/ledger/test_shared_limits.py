"""Two instances of the proxy that share the limits of keys over a real Redis."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from aiollm.proxy.ledger import shared_limits
from aiollm.testing import ProviderServer, role, stall, tokens
from aiollm.types.secret import Secret
from tests.proxy.serving import MASTER, Proxy, config, running
from tests.services.redis import RedisServer

KEY = "sk-of-a-caller"
DEADLINE = 10.0


@pytest.fixture(autouse=True)
def _short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was started a moment ago grants nothing for one and a half of them."""
    monkeypatch.setattr(shared_limits, "LEASE_SECONDS", 0.2)


@asynccontextmanager
async def instances(
    server: RedisServer, provider: ProviderServer, folder: Path, **settings: Any
) -> AsyncIterator[tuple[Proxy, Proxy]]:
    """Run two instances, each with a store of its own."""
    base = config(provider)
    shared = replace(
        base,
        router=replace(base.router, redis_url=Secret(server.url)),
        aiollm=replace(base.aiollm, **settings),
    )
    for name in ("one", "two"):
        (folder / name).mkdir()
    async with running(shared, provider, folder / "one") as one, running(shared, provider, folder / "two") as two:
        yield one, two


async def asked(proxy: Proxy, key: str = KEY) -> int:
    async with proxy.chat(key=key) as reply:
        await reply.read()
        return int(reply.status)


async def ready(proxy: Proxy) -> Any:
    async with proxy.client.get(f"{proxy.url}/health/readiness") as reply:
        return await reply.json()


async def until_told(proxy: Proxy, word: str) -> None:
    """Ask until the instance has noticed what became of Redis."""
    async with asyncio.timeout(DEADLINE):
        while (await ready(proxy))["redis"] != word:
            await asked(proxy)


async def test_two_instances_never_let_more_in_than_the_limit_of_a_key(
    redis_server: RedisServer, provider: ProviderServer, tmp_path: Path
) -> None:
    async with instances(redis_server, provider, tmp_path) as both:
        for proxy in both:
            await proxy.add_key("sk-twenty", rpm=20)
        told = Counter(await asyncio.gather(*(asked(proxy, "sk-twenty") for proxy in both * 15)))
        assert set(told) == {200, 429}
        async with asyncio.timeout(DEADLINE):
            while len(provider.log) < 20:  # a lease may be at the one that does not need it
                for proxy in both:
                    await asked(proxy, "sk-twenty")
        async with both[1].chat(key="sk-twenty") as reply:
            await reply.read()
        assert (reply.status, len(provider.log)) == (429, 20)
        assert 30 <= int(reply.headers["retry-after"]) <= 61  # by when the window has room, not when to ask again
        healthy = {"status": "healthy", "db": "connected", "redis": "connected", "limits": "shared"}
        assert await ready(both[0]) == healthy


async def test_a_place_is_taken_at_both_instances_and_given_back_to_both(
    redis_server: RedisServer, provider: ProviderServer, tmp_path: Path
) -> None:
    async with instances(redis_server, provider, tmp_path) as (one, two):
        for proxy in (one, two):
            await proxy.add_key("sk-one-at-a-time", parallel=1)
        provider.script([role(), tokens("so far"), stall(30)])
        async with one.chat(key="sk-one-at-a-time", stream=True) as stream:
            await stream.content.readany()
            async with two.chat(key="sk-one-at-a-time") as reply:
                body = await reply.json()
            assert (reply.status, "in flight" in body["error"]["message"]) == (429, True)
        await one.gateway.live.wait_empty()
        provider.reply("Hello!")
        assert await asked(two, "sk-one-at-a-time") == 200


async def test_without_redis_each_keeps_to_its_share_and_no_row_of_spend_is_lost(
    mortal_redis: RedisServer, provider: ProviderServer, tmp_path: Path
) -> None:
    async with instances(mortal_redis, provider, tmp_path) as both:
        for proxy in both:
            await proxy.add_key(KEY, rpm=20)
            assert await asked(proxy) == 200
        await asyncio.sleep(0.3)  # both have heard of each other by then
        mortal_redis.kill()
        for proxy in both:
            await until_told(proxy, "not connected")
            assert (await ready(proxy))["limits"] == "local"
        await asyncio.gather(*(asked(proxy) for proxy in both * 20))
        let_in = [[row for row in await proxy.rows() if row.status == "success"] for proxy in both]
        assert [len(rows) for rows in let_in] == [10, 10]
        assert len(provider.log) == 20
        mortal_redis.start()
        for proxy in both:
            await until_told(proxy, "connected")


async def test_closed_means_that_holders_with_limits_are_refused_and_others_are_not(
    mortal_redis: RedisServer, provider: ProviderServer, tmp_path: Path
) -> None:
    mortal_redis.kill()
    async with instances(mortal_redis, provider, tmp_path, limits_without_redis="closed") as (proxy, _):
        await proxy.add_key(KEY, rpm=20)
        await proxy.add_key("sk-free")
        await asked(proxy)
        async with proxy.chat(key=KEY) as reply:
            body = await reply.json()
        assert (reply.status, body["error"]["code"], body["error"]["retryable"]) == (503, "limits_unavailable", True)
        assert str(mortal_redis.port) not in str(body)
        assert await asked(proxy, "sk-free") == 200
        async with proxy.client.get(f"{proxy.url}/metrics", headers={"authorization": f"Bearer {MASTER}"}) as reply:
            assert "aiollm_redis_unavailable 1.0" in await reply.text()

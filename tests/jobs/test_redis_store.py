"""Results in a real Redis."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from aiollm import RedisResults, StoreError
from aiollm.testing import ProviderServer, status
from tests.jobs.asking import USAGE, job, prompts, results
from tests.services.redis import RedisServer


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.reply("Fine.", usage=USAGE)
        yield server


@pytest.fixture
async def store(redis_server: RedisServer) -> AsyncIterator[RedisResults]:
    store = RedisResults(redis_server.url, name=f"test:{uuid.uuid4()}")
    yield store
    await store.aclose()


async def test_what_one_process_has_answered_another_does_not_ask(
    server: ProviderServer, store: RedisResults, redis_server: RedisServer
) -> None:
    await results(job(server, ["a", "b"], store=store))
    other = RedisResults(redis_server.url, name=store.name)
    again = await results(job(server, ["b", "a", "c"], store=other, ordered=True))
    assert [result.from_store for result in again] == [True, True, False]
    assert sorted(prompts(server)) == ["a", "b", "c"]


async def test_a_key_is_there_once_and_an_error_only_until_there_is_an_answer(
    server: ProviderServer, store: RedisResults, redis_server: RedisServer
) -> None:
    server.enqueue(status(400))
    hashes = [f"aiollm:results:{{{store.name}}}", f"aiollm:results:{{{store.name}}}:failed"]
    async with Redis.from_url(redis_server.url) as client:
        await results(job(server, [{"prompt": "a", "custom_id": "1"}], store=store))
        assert [await client.hlen(key) for key in hashes] == [0, 1]
        assert b'"BadRequestError"' in await client.hget(hashes[1], "1")
        await results(job(server, [{"prompt": "a", "custom_id": "1"}], store=store))
        assert [await client.hlen(key) for key in hashes] == [1, 0]
        await store.put("1", b"{}", True)
        assert await client.hgetall(hashes[0]) == {b"1": b"{}"}


async def test_a_server_that_starts_again_is_waited_for(mortal_redis: RedisServer) -> None:
    store = RedisResults(mortal_redis.url, name="test")
    assert await store.find("1") is None
    mortal_redis.kill()
    putting = asyncio.ensure_future(store.put("1", b"line", True))
    done, _ = await asyncio.wait({putting}, timeout=0.1)
    assert not done
    mortal_redis.start()
    await putting
    assert await store.find("1") == b"line"


async def test_what_the_server_refuses_is_told(store: RedisResults, redis_server: RedisServer) -> None:
    async with Redis.from_url(redis_server.url) as client:
        await client.set(f"aiollm:results:{{{store.name}}}", "no hash")
    with pytest.raises(StoreError, match=r"refused HSET: .*wrong kind"):
        await store.put("1", b"line", True)


def test_its_repr_hides_the_password() -> None:
    store = RedisResults("redis://u:secret@localhost/0", name="weather")
    assert repr(store) == "<RedisResults 'weather' in Redis at localhost:6379>"

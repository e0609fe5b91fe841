import asyncio
import time
import uuid

import pytest
from redis.asyncio import Redis

from aiollm import Cache, Client, RedisStore
from aiollm.cache.store import StoreError
from aiollm.testing import ProviderServer
from tests.engine.calling import arguments
from tests.services.redis import RedisServer

KEY = "0123456789abcdef" * 4


@pytest.fixture
def prefix() -> str:
    """Return a prefix of keys that nobody else uses."""
    return f"test:{uuid.uuid4()}:"


@pytest.fixture
def store(redis_server: RedisServer, prefix: str) -> RedisStore:
    return RedisStore(redis_server.url, prefix=prefix)


async def test_what_was_put_is_there_whole_until_it_is_deleted(store: RedisStore):
    value = bytes(range(256)) * 10
    assert await store.get(KEY) is None
    await store.put(KEY, b"earlier", None)
    await store.put(KEY, value, None)
    assert await store.get(KEY) == value
    await store.delete(KEY)
    await store.delete(KEY)
    assert await store.get(KEY) is None


async def test_another_process_sees_it(store: RedisStore, redis_server: RedisServer, prefix: str):
    await store.put(KEY, b"value", 60)
    assert await RedisStore(redis_server.url, prefix=prefix).get(KEY) == b"value"
    assert await RedisStore(redis_server.url, prefix=prefix + "other").get(KEY) is None


async def test_the_server_forgets_it_when_its_time_is_over(store: RedisStore, redis_server: RedisServer, prefix: str):
    async with Redis.from_url(redis_server.url) as client:
        await store.put(KEY, b"value", 1.5)
        assert 1000 < await client.pttl(prefix + KEY) <= 1500
        await store.put(KEY, b"value", 1e-9)
        assert 0 <= await client.pttl(prefix + KEY) + 2 <= 3  # at most 1 ms is left, or it is gone: -2
        await store.put(KEY, b"value", None)
        assert await client.pttl(prefix + KEY) == -1


async def test_a_value_that_is_too_large_is_not_kept_nor_is_the_one_before(redis_server: RedisServer, prefix: str):
    store = RedisStore(redis_server.url, prefix=prefix, max_value_bytes=10)
    await store.put(KEY, b"0123456789", None)
    assert await store.get(KEY) == b"0123456789"
    await store.put(KEY, b"0123456789a", None)
    assert await store.get(KEY) is None


async def test_it_reads_bytes_whatever_the_client_decodes(redis_server: RedisServer, prefix: str):
    store = RedisStore(lambda: Redis(port=redis_server.port, decode_responses=True), prefix=prefix)
    await store.put(KEY, b"\xff\x00", None)
    assert await store.get(KEY) == b"\xff\x00"


async def test_a_server_that_is_gone_fails_at_once_and_is_found_again(mortal_redis: RedisServer):
    store = RedisStore(mortal_redis.url)
    await store.put(KEY, b"value", None)
    mortal_redis.kill()
    began = time.monotonic()
    for _ in range(50):
        with pytest.raises(StoreError, match=f"127.0.0.1:{mortal_redis.port} cannot be used"):
            await store.get(KEY)
    assert time.monotonic() - began < 5
    mortal_redis.start()
    async with asyncio.timeout(10):
        while True:
            try:
                assert await store.get(KEY) is None
            except StoreError:
                await asyncio.sleep(0.01)
            else:
                break


async def test_what_the_server_refuses_says_nothing_against_the_next(
    store: RedisStore, redis_server: RedisServer, prefix: str
):
    async with Redis.from_url(redis_server.url) as client:
        await client.lpush(prefix + KEY, "a list")
    with pytest.raises(StoreError, match=r"refused GET: .*wrong kind"):
        await store.get(KEY)
    await store.put(KEY, b"value", None)
    assert await store.get(KEY) == b"value"


def test_each_loop_has_connections_of_its_own(store: RedisStore):
    asyncio.run(store.put(KEY, b"value", None))
    assert asyncio.run(store.get(KEY)) == b"value"


async def test_it_may_be_used_again_after_it_was_closed(store: RedisStore):
    await store.put(KEY, b"value", None)
    await store.aclose()
    assert await store.get(KEY) == b"value"


def test_a_bound_of_nothing_is_refused():
    with pytest.raises(ValueError, match="max_value_bytes"):
        RedisStore("redis://localhost", max_value_bytes=0)


def test_its_repr_hides_the_password():
    assert repr(RedisStore("redis://u:secret@localhost/0")) == "<RedisStore in Redis at localhost:6379>"


async def test_an_answer_that_one_client_was_given_serves_another(store: RedisStore, redis_server: RedisServer):
    caches = [Cache(store), Cache(RedisStore(redis_server.url, prefix=store.prefix))]
    async with ProviderServer() as server:
        server.reply("hello there")
        answers = []
        for cache in caches:
            answers.append(await Client(cache=cache).acompletion(**arguments(server)))
            await cache.aclose()
        assert len(server.log) == 1
    assert [answer.choices[0].message.content for answer in answers] == ["hello there"] * 2
    assert (caches[0].stats().stores, caches[1].stats().hits) == (1, 1)


async def test_a_server_that_is_gone_is_a_miss_and_never_an_error_of_the_call(mortal_redis: RedisServer):
    mortal_redis.kill()
    cache = Cache(RedisStore(mortal_redis.url))
    async with ProviderServer() as server:
        server.reply("hello there")
        for _ in range(2):
            answer = await Client(cache=cache).acompletion(**arguments(server))
            assert answer.choices[0].message.content == "hello there"
            await cache.aclose()
        assert len(server.log) == 2
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.stores) == (0, 2, 0)
    assert stats.errors >= 2

"""What every store does: values in, the same values out, until their time is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aiollm.cache.store import CacheStore
from tests.cache.stores import KEY, OPENERS, OTHER, Time


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(params=list(OPENERS))
async def store(request: pytest.FixtureRequest, tmp_path: Path, time: Time) -> AsyncIterator[CacheStore]:
    store = OPENERS[request.param](tmp_path, time)
    yield store
    await store.aclose()


async def test_what_was_put_is_there_byte_for_byte(store: CacheStore) -> None:
    assert await store.get(KEY) is None
    value = bytes(range(256)) * 100
    await store.put(KEY, value, None)
    assert await store.get(KEY) == value
    assert await store.get(OTHER) is None


async def test_a_later_value_takes_the_place_of_an_earlier_one(store: CacheStore) -> None:
    await store.put(KEY, b"old", 5)
    await store.put(KEY, b"new", None)
    assert await store.get(KEY) == b"new"


async def test_a_value_ends_with_its_time(store: CacheStore, time: Time) -> None:
    await store.put(KEY, b"for ten seconds", 10)
    await store.put(OTHER, b"for ever", None)
    time.now += 9.9
    assert await store.get(KEY) == b"for ten seconds"
    time.now += 0.1
    assert await store.get(KEY) is None
    assert await store.get(OTHER) == b"for ever"


async def test_a_deleted_value_is_gone(store: CacheStore) -> None:
    await store.put(KEY, b"value", None)
    await store.put(OTHER, b"stays", None)
    await store.delete(KEY)
    await store.delete(KEY)
    assert await store.get(KEY) is None
    assert await store.get(OTHER) == b"stays"


async def test_a_value_is_handed_over_without_being_awaited(store: CacheStore) -> None:
    waiting = store.put(KEY, b"value", None)
    async with asyncio.timeout(5):
        while await store.get(KEY) is None:  # noqa: ASYNC110  # the store is what is looked at
            await asyncio.sleep(0)
    await waiting


async def test_it_is_used_from_many_tasks_at_once(store: CacheStore) -> None:
    keys = [f"{number:064}" for number in range(50)]
    await asyncio.gather(*(store.put(key, key.encode(), 60) for key in keys))
    assert await asyncio.gather(*map(store.get, keys)) == [key.encode() for key in keys]


@pytest.mark.parametrize("name", list(OPENERS))
def test_it_is_used_from_one_loop_after_another(name: str, tmp_path: Path, time: Time) -> None:
    store = OPENERS[name](tmp_path, time)
    asyncio.run(_put(store))
    assert asyncio.run(_get(store)) == b"value"
    asyncio.run(store.aclose())


async def _put(store: CacheStore) -> None:
    store.put(KEY, b"value", None)  # not awaited: the loop ends now


async def _get(store: CacheStore) -> bytes | None:
    return await store.get(KEY)

"""The cache a client is given: its account, its clock, and a store that fails or hangs."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from aiollm import ModelResponse
from aiollm.cache.cache import Cache, CacheStats
from aiollm.cache.entry import write_entry
from aiollm.cache.memory import MemoryStore
from tests.cache.stores import KEY, OTHER, FaultyStore, Time, broken, hanging, working

ANSWER = ModelResponse(id="a", choices=[{"finish_reason": "stop", "message": {"content": "Hi"}}])


async def kept(cache: Cache, key: str = KEY, **how: Any) -> None:
    cache.keep("chat", key, ANSWER, **how)
    while cache._puts:  # noqa: ASYNC110  # it is what is waited for
        await asyncio.sleep(0)


async def test_what_is_kept_is_found_and_counted() -> None:
    cache = Cache()
    assert await cache.find("chat", KEY) is None
    await kept(cache)
    entry = await cache.find("chat", KEY)
    assert entry is not None
    assert entry.answer == ANSWER
    assert entry.answer is not ANSWER
    assert cache.stats() == CacheStats(hits=1, misses=1, stores=1)


async def test_an_answer_is_kept_for_the_caches_time_or_the_calls() -> None:
    time = Time()
    cache = Cache(MemoryStore(clock=time), ttl=100, clock=time)
    await kept(cache)
    await kept(cache, OTHER, ttl=10)
    time.now += 10
    assert (await cache.find("chat", OTHER), await cache.find("chat", KEY) is None) == (None, False)
    time.now += 90
    assert await cache.find("chat", KEY) is None


async def test_an_answer_that_is_too_old_for_the_caller_will_not_do() -> None:
    time = Time()
    cache = Cache(ttl=None, clock=time)
    await kept(cache)
    time.now += 10
    assert await cache.find("chat", KEY, max_age=10) is not None
    assert await cache.find("chat", KEY, max_age=9) is None


async def test_a_caller_who_wants_the_usage_gets_no_answer_without() -> None:
    cache = Cache()
    await kept(cache, asked_usage=False)
    assert await cache.find("chat", KEY, with_usage=True) is None
    assert await cache.find("chat", KEY) is not None


async def test_an_answer_that_comes_several_times_at_once_is_kept_once() -> None:
    cache = Cache()
    for _ in range(3):
        cache.keep("chat", KEY, ANSWER)
    await cache.aclose()
    assert cache.stats().stores == 1


async def test_a_damaged_entry_is_a_miss_and_counted() -> None:
    cache = Cache()
    await cache.store.put(KEY, write_entry("chat", ANSWER, 0)[:-5], None)
    assert await cache.find("chat", KEY) is None
    assert cache.stats() == CacheStats(misses=1, errors=1)


async def test_what_cannot_be_written_is_not_kept() -> None:
    cache = Cache()
    cache.keep("chat", KEY, ANSWER.model_copy(update={"odd": object()}))
    assert cache.stats() == CacheStats(errors=1)


async def test_a_store_that_fails_is_a_miss_logged_once_for_each_time(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "aiollm")
    store = FaultyStore(broken)
    cache = Cache(store)
    for _ in range(3):
        assert await cache.find("chat", KEY) is None
    await kept(cache)
    store.fault = working
    await kept(cache)
    assert await cache.find("chat", KEY) is not None
    store.fault = broken
    assert await cache.find("chat", KEY) is None
    broke = "the cache fails, and calls go on without it: the disk is gone"
    assert caplog.messages == [broke, "the cache works again", broke]
    assert cache.stats() == CacheStats(hits=1, misses=4, stores=1, errors=5)


async def test_a_store_that_hangs_is_waited_for_once_and_then_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    store = FaultyStore(hanging)
    cache = Cache(store, max_wait=0.01)
    for _ in range(5):
        assert await cache.find("chat", KEY) is None
        cache.keep("chat", KEY, ANSWER)
    assert (store.asked, cache.stats()) == (1, CacheStats(misses=5, errors=1))
    assert caplog.messages == ["the cache fails, and calls go on without it: it was too slow"]


async def test_cancelling_a_search_is_no_failure_of_the_store() -> None:
    cache = Cache(FaultyStore(hanging), max_wait=60)
    search = asyncio.create_task(cache.find("chat", KEY))
    await asyncio.sleep(0)
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search
    assert cache.stats() == CacheStats()


@pytest.mark.parametrize("bad", [{"ttl": 0}, {"ttl": -1}, {"ttl": "60"}, {"max_wait": 0}])
def test_times_that_mean_nothing_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be above 0 seconds"):
        Cache(**bad)  # type: ignore[arg-type]


def test_a_path_is_no_store() -> None:
    with pytest.raises(TypeError, match=r"such as aiollm.SQLiteStore"):
        Cache("answers.sqlite")  # type: ignore[arg-type]


class _Slow(MemoryStore):
    """Has what is put only once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = asyncio.Event()

    async def put(self, key: str, value: bytes, ttl: float | None) -> None:
        await self.may.wait()
        await super().put(key, value, ttl)


async def test_who_asks_again_at_once_gets_what_is_on_its_way_into_the_store() -> None:
    store = _Slow()
    cache = Cache(store, max_wait=60)
    cache.keep("chat", KEY, ANSWER)
    finding = asyncio.create_task(cache.find("chat", KEY))
    await asyncio.sleep(0)
    store.may.set()
    assert await finding is not None


async def test_nobody_waits_longer_for_that_than_for_the_store() -> None:
    cache = Cache(_Slow(), max_wait=0.02)
    cache.keep("chat", KEY, ANSWER)
    async with asyncio.timeout(5):
        assert await cache.find("chat", KEY) is None
    assert cache.stats().errors == 0
    cache.store.may.set()  # type: ignore[attr-defined]
    await cache.aclose()

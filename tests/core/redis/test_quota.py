"""Several processes on one real server: never more than the limits, and nothing lost."""

import asyncio
import time
import uuid

import pytest

from aiollm.core.gate import Gate
from tests.core.redis.sharing import LEASE, PERIOD, Spent, most_in_a_window, process, spend, visits
from tests.services.redis import RedisServer

DEADLINE = 10.0  # seconds; what is waited for takes a fraction of one


@pytest.fixture
def name() -> str:
    """Return limits that nobody else uses."""
    return f"test:{uuid.uuid4()}"


async def take(gate: Gate, tokens: float = 0) -> float:
    """Pass one request, and return how long it waited."""
    async with asyncio.timeout(DEADLINE):
        permit = await gate.reserve(input_tokens=tokens)
    permit.release()
    return permit.waited


async def test_no_window_exceeds_the_limit_and_nearly_all_of_it_is_used(redis_server: RedisServer, name: str):
    spent: Spent = []
    async with (
        process(redis_server.url, name, rpm=100) as one,
        process(redis_server.url, name, rpm=100) as two,
        process(redis_server.url, name, rpm=100) as three,
    ):
        until = time.monotonic() + 4 * PERIOD
        await asyncio.gather(*(spend(gate, spent, until) for gate in (one, one, one, two, two, three)))
    assert most_in_a_window(spent) <= 100
    assert len(spent) >= 300


async def test_tokens_are_kept_to_beside_requests(redis_server: RedisServer, name: str):
    spent: Spent = []
    async with (
        process(redis_server.url, name, rpm=1000, tpm=5000) as small,
        process(redis_server.url, name, rpm=1000, tpm=5000) as large,
    ):
        until = time.monotonic() + 3 * PERIOD
        await asyncio.gather(
            spend(small, spent, until, 10), spend(small, spent, until, 30), spend(large, spent, until, 2000)
        )
    assert most_in_a_window(spent) <= 5000
    assert sum(amount == 2000 for _, amount in spent) >= 2  # the small ones did not starve it


async def test_places_are_never_used_twice(redis_server: RedisServer, name: str):
    in_flight = most = done = 0

    async def one(gate: Gate) -> None:
        nonlocal in_flight, most, done
        async with gate.reserve():
            in_flight += 1
            most = max(most, in_flight)
            await asyncio.sleep(0.005)
            in_flight -= 1
            done += 1

    async with process(redis_server.url, name, concurrency=3) as a, process(redis_server.url, name, concurrency=3) as b:
        async with asyncio.timeout(DEADLINE):
            await asyncio.gather(*(one(gate) for gate in (a, b) * 30))
    assert most == 3
    assert done == 60


async def test_a_busy_process_asks_seldom(redis_server: RedisServer, name: str):
    async with process(redis_server.url, name, rpm=10_000, concurrency=100) as gate:
        await take(gate)
        before = await visits(redis_server.url)
        for _ in range(500):
            await take(gate)
        assert await visits(redis_server.url) - before < 125


async def test_what_one_did_not_spend_comes_back_to_the_others(redis_server: RedisServer, name: str):
    async with (
        process(redis_server.url, name, rpm=50, period=60) as one,
        process(redis_server.url, name, rpm=50, period=60) as two,
    ):
        for _ in range(10):
            await take(one)
        for _ in range(40):
            await take(two)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(4 * LEASE):
                await two.reserve()


async def test_closing_gives_the_lease_back_at_once(redis_server: RedisServer, name: str):
    async with process(redis_server.url, name, rpm=20, period=60) as first:
        for _ in range(10):
            await take(first)
    async with process(redis_server.url, name, rpm=20, period=60) as second:
        assert [await take(second) < DEADLINE for _ in range(10)] == [True] * 10


async def test_what_a_request_did_not_take_comes_back(redis_server: RedisServer, name: str):
    async with process(redis_server.url, name, tpm=1000, period=60) as gate:
        permit = await gate.reserve(input_tokens=900)
        permit.settle(input_tokens=100, output_tokens=0)
        await take(gate, 850)
        refunded = await gate.reserve(input_tokens=40)
        refunded.refund()
        await take(gate, 45)


async def test_what_a_request_took_beyond_its_estimate_is_counted(redis_server: RedisServer, name: str):
    async with process(redis_server.url, name, tpm=1000, period=60) as gate:
        permit = await gate.reserve(input_tokens=100)
        permit.settle(input_tokens=100, output_tokens=850)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(4 * LEASE):
                await gate.reserve(input_tokens=100)
        await take(gate, 40)


async def test_a_request_above_the_limit_passes_alone(redis_server: RedisServer, name: str):
    async with process(redis_server.url, name, tpm=1000) as gate:
        await take(gate, 10)
        assert await take(gate, 5000) > 0
        assert await take(gate, 10) > PERIOD / 2


async def test_the_state_tells_of_all_processes(redis_server: RedisServer, name: str):
    async with process(redis_server.url, name, rpm=100, period=60) as one:
        for _ in range(7):
            await take(one)
    async with process(redis_server.url, name, rpm=100, period=60) as two:
        permit = await two.reserve()
        stats = two.stats()
        permit.release()
    assert (stats.rpm_now, stats.in_flight, stats.rpm, stats.tpm, stats.degraded) == (8, 1, 100, None, None)

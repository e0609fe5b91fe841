"""The server is gone, silent, or back without its memory: what was declared happens, and nothing hangs."""

import asyncio
import logging
import signal
import time
import uuid

import pytest

from aiollm.core.gate import Gate
from aiollm.exceptions import ServiceUnavailableError
from tests.core.redis.sharing import LEASE, PERIOD, Spent, most_in_a_window, process, spend
from tests.services.redis import RedisServer

DEADLINE = 10.0  # seconds; what is waited for takes a fraction of one


@pytest.fixture
def name() -> str:
    """Return limits that nobody else uses."""
    return f"test:{uuid.uuid4()}"


async def take(gate: Gate) -> None:
    async with asyncio.timeout(DEADLINE):
        (await gate.reserve()).release()


async def until_degraded(gate: Gate, *, degraded: bool) -> None:
    """Make use of the gate until it has noticed what became of the server."""
    async with asyncio.timeout(DEADLINE):
        while (gate.stats().degraded is not None) != degraded:
            try:
                async with asyncio.timeout(LEASE):
                    (await gate.reserve()).release()
            except (TimeoutError, ServiceUnavailableError):
                await asyncio.sleep(LEASE / 10)


async def test_closed_refuses_at_once_and_says_why(mortal_redis: RedisServer, name: str):
    async with process(mortal_redis.url, name, rpm=1000, on_failure="closed") as gate:
        await take(gate)
        mortal_redis.kill()
        await until_degraded(gate, degraded=True)
        with pytest.raises(ServiceUnavailableError, match=f"127.0.0.1:{mortal_redis.port}.*nothing was sent") as caught:
            await take(gate)
        assert "on_failure='closed'" in str(gate.stats().degraded)
        mortal_redis.start()
        await until_degraded(gate, degraded=False)
        await take(gate)
    assert caught.value.retryable
    assert caught.value.phase == "request"


async def test_open_lets_all_pass(mortal_redis: RedisServer, name: str):
    async with process(mortal_redis.url, name, rpm=20, on_failure="open") as gate:
        await take(gate)
        mortal_redis.kill()
        await until_degraded(gate, degraded=True)
        for _ in range(100):
            await take(gate)
        mortal_redis.start()
        await until_degraded(gate, degraded=False)


async def test_local_keeps_to_its_share(mortal_redis: RedisServer, name: str):
    spent: Spent = []
    async with (
        process(mortal_redis.url, name, rpm=100, concurrency=10, on_failure="local") as one,
        process(mortal_redis.url, name, rpm=100, concurrency=10, on_failure="local") as two,
    ):
        for gate in (one, two, one):
            await take(gate)
        await asyncio.sleep(LEASE)  # both have seen each other by then
        mortal_redis.kill()
        for gate in (one, two):
            await until_degraded(gate, degraded=True)
        await asyncio.gather(*(spend(gate, spent, time.monotonic() + 2 * PERIOD) for gate in (one, two)))
        permits = [await one.reserve() for _ in range(5)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(LEASE):
                await one.reserve()
        for permit in permits:
            permit.release()
        mortal_redis.start()
        await until_degraded(one, degraded=False)
    assert most_in_a_window(spent) <= 100
    assert len(spent) >= 150


async def test_who_waits_is_refused_when_the_server_dies(mortal_redis: RedisServer, name: str):
    async with process(mortal_redis.url, name, rpm=1, period=60, on_failure="closed") as gate:
        await take(gate)
        waiting = [asyncio.ensure_future(take(gate)) for _ in range(3)]
        await asyncio.sleep(0)
        mortal_redis.kill()
        async with asyncio.timeout(DEADLINE):
            refused = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(error) for error in refused] == [ServiceUnavailableError] * 3
    assert len({id(error) for error in refused}) == 3


async def test_a_silent_server_is_not_waited_for(mortal_redis: RedisServer, name: str):
    answer = 0.3
    async with process(mortal_redis.url, name, rpm=1000, on_failure="closed", answer=answer) as gate:
        await take(gate)
        mortal_redis.signal(signal.SIGSTOP)
        await until_degraded(gate, degraded=True)
        began = time.monotonic()
        with pytest.raises(ServiceUnavailableError, match=f"no answer within {answer} s"):
            await take(gate)
        assert time.monotonic() - began < answer
        mortal_redis.signal(signal.SIGCONT)
        await until_degraded(gate, degraded=False)


async def test_a_server_that_was_never_there_refuses_too(mortal_redis: RedisServer, name: str):
    mortal_redis.kill()
    async with process(mortal_redis.url, name, rpm=1000, on_failure="closed") as gate:
        with pytest.raises(ServiceUnavailableError):
            await take(gate)
    async with process(mortal_redis.url, name, rpm=1000, on_failure="local") as gate:
        await take(gate)


async def test_an_outage_is_logged_once_and_so_is_its_end(
    mortal_redis: RedisServer, name: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, logger="aiollm")
    async with process(mortal_redis.url, name, rpm=1000, on_failure="open") as gate:
        await take(gate)
        mortal_redis.kill()
        await until_degraded(gate, degraded=True)
        for _ in range(10):
            await take(gate)
            await asyncio.sleep(LEASE / 5)
        mortal_redis.start()
        await until_degraded(gate, degraded=False)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "this is a test" in caplog.text


async def test_a_server_that_lost_its_memory_is_told_what_was_spent(mortal_redis: RedisServer, name: str):
    spent: Spent = []
    period = 2.0  # which the restart falls in
    async with (
        process(mortal_redis.url, name, rpm=60, period=period) as one,
        process(mortal_redis.url, name, rpm=60, period=period) as two,
    ):
        loop = asyncio.get_running_loop()
        await spend(one, spent, loop.time() + LEASE)
        mortal_redis.kill()
        mortal_redis.start()
        await asyncio.gather(*(keep_spending(gate, spent, loop.time() + period / 2) for gate in (one, two)))
    assert len(spent) == 60
    assert most_in_a_window(spent, period) <= 60


async def keep_spending(gate: Gate, spent: Spent, until: float) -> None:
    while asyncio.get_running_loop().time() < until:
        try:
            await spend(gate, spent, until)
        except ServiceUnavailableError:
            await asyncio.sleep(LEASE / 10)

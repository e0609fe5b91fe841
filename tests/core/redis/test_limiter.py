import asyncio
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress

import pytest
from redis.asyncio import Redis

import aiollm
from aiollm.testing import ProviderServer
from tests.engine.calling import arguments
from tests.programs import environment
from tests.services.redis import RedisServer


@pytest.fixture
def name(redis_server: RedisServer) -> str:
    """Return limits that nobody else uses, on a server that has had a memory of them for long."""
    new = str(uuid.uuid4())

    async def remember() -> None:
        async with Redis.from_url(redis_server.url) as client:
            await client.hset(f"aiollm:limits:{{{new}}}", mapping={"epoch": "long ago", "quiet": "0"})

    asyncio.run(remember())
    return new


async def test_it_is_used_as_a_limiter_is(redis_server: RedisServer, name: str):
    limiter = aiollm.RedisLimiter(redis_server.url, name=name, rpm=100, tpm=1000, concurrency=2)
    async with limiter.reserve(input_tokens=10, output_tokens=20, priority=0, key="tenant-7", max_wait=5) as permit:
        assert limiter.stats().in_flight == 1
        permit.settle(input_tokens=10, output_tokens=15)
    stats = limiter.stats()
    assert (stats.in_flight, stats.rpm, stats.tpm, stats.concurrency) == (0, 100, 1000, 2)
    assert (stats.rpm_now, stats.tpm_now) == (1, 25)
    await limiter.aclose()


async def test_a_client_is_held_to_it(redis_server: RedisServer, name: str):
    limiter = aiollm.RedisLimiter(redis_server.url, name=name, rpm=3, tpm=100_000)
    client = aiollm.Client(limiter=limiter)
    async with ProviderServer() as server:
        server.reply("hello there")
        answers = [await client.acompletion(**arguments(server)) for _ in range(3)]
        with pytest.raises(aiollm.TotalTimeout, match="room within the limits"):
            await client.acompletion(**arguments(server, timeout=aiollm.Timeouts(total=0.2)))
        assert len(server.log) == 3
    assert limiter.stats().tpm_now == sum(answer.usage.total_tokens for answer in answers)
    assert limiter.stats().in_flight == 0
    await limiter.aclose()


async def test_a_call_for_which_the_limits_cannot_be_kept_is_told_so():
    limiter = aiollm.RedisLimiter("redis://127.0.0.1:1/0", name="x", rpm=3, on_failure="closed")
    async with ProviderServer() as server:
        with pytest.raises(aiollm.ServiceUnavailableError, match=r"127\.0\.0\.1:1 cannot be used") as caught:
            await aiollm.Client(limiter=limiter).acompletion(**arguments(server, num_retries=0))
        assert len(server.log) == 0
    assert caught.value.model == "scripted"
    await limiter.aclose()


async def test_max_wait_holds(redis_server: RedisServer, name: str):
    limiter = aiollm.RedisLimiter(redis_server.url, name=name, rpm=1)
    (await limiter.reserve()).release()
    with pytest.raises(aiollm.RateLimitError, match="nothing was sent"):
        await limiter.reserve(max_wait=0.05)
    await limiter.aclose()


async def test_a_pause_holds_for_all_processes(redis_server: RedisServer, name: str):
    one = aiollm.RedisLimiter(redis_server.url, name=name, rpm=1000)
    other = aiollm.RedisLimiter(redis_server.url, name=name, rpm=1000)
    one.throttled(retry_after=60)
    async with asyncio.timeout(10):
        while not other.stats().paused:
            with suppress(aiollm.RateLimitError):
                (await other.reserve(max_wait=0.1)).release()
    assert 50 < other.stats().paused <= 60
    assert 50 < one.stats().paused <= 60
    with pytest.raises(aiollm.RateLimitError, match="asked for a pause"):
        await other.reserve(max_wait=1)
    for limiter in (one, other):
        await limiter.aclose()


async def test_it_learns_from_headers_but_never_beyond_what_was_configured(redis_server: RedisServer, name: str):
    limiter = aiollm.RedisLimiter(redis_server.url, name=name, rpm=100)
    limiter.learn({"x-ratelimit-limit-requests": "40", "x-ratelimit-limit-tokens": "5000"})
    stats = limiter.stats()
    assert (stats.rpm, stats.tpm) == (40, 5000)
    limiter.learn({"x-ratelimit-limit-requests": "400"})
    assert limiter.stats().rpm == 100


async def test_a_refusal_slows_it_down_unless_it_is_told_not_to_adapt(redis_server: RedisServer, name: str):
    for adaptive in (True, False):
        limiter = aiollm.RedisLimiter(redis_server.url, name=name, rpm=6000, adaptive=adaptive)
        permit = await limiter.reserve()
        limiter.throttled(permit)
        permit.release()
        assert (limiter.stats().rpm != 6000) is adaptive
        await limiter.aclose()


def test_it_serves_several_loops_and_threads_at_once(redis_server: RedisServer, name: str):
    limiter = aiollm.RedisLimiter(redis_server.url, name=name, rpm=1000, concurrency=3)
    in_flight, most = set[object](), [0]

    async def one() -> None:
        async with limiter.reserve() as permit:
            in_flight.add(permit)
            most[0] = max(most[0], len(in_flight))
            await asyncio.sleep(0.001)
            in_flight.discard(permit)

    async def several() -> None:
        async with asyncio.timeout(20):
            await asyncio.gather(*(one() for _ in range(20)))

    threads = [threading.Thread(target=lambda: asyncio.run(several())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert limiter.stats().admitted == 60
    assert most[0] <= 3
    asyncio.run(limiter.aclose())


FORKING = """
import asyncio, os, sys
import aiollm

limiter = aiollm.RedisLimiter(sys.argv[1], name=sys.argv[2], rpm=100, concurrency=2)

async def hold():
    return await limiter.reserve()

permit = asyncio.run(hold())
child = os.fork()
if child == 0:
    asyncio.run(hold())
    print(limiter.stats().in_flight, flush=True)
    os._exit(0)
status = os.waitpid(child, 0)[1]
permit.release()
asyncio.run(limiter.aclose())
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs os.fork")
def test_a_forked_child_is_a_process_of_its_own(redis_server: RedisServer, name: str):
    done = subprocess.run(
        # From 3.12 on Python warns of every fork beside a thread.
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", FORKING, redis_server.url, name],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=50,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("1\n", "", 0)


async def test_a_server_that_is_not_there_costs_no_time():
    limiter = aiollm.RedisLimiter("redis://127.0.0.1:1/0", name="x", rpm=100, on_failure="open")
    began = time.monotonic()
    for _ in range(200):
        (await limiter.reserve()).release()
    assert time.monotonic() - began < 5
    assert "127.0.0.1:1" in str(limiter.stats().degraded)
    await limiter.aclose()


@pytest.mark.parametrize(
    "wrong", [{"rpm": 0}, {"tpm": float("nan")}, {"concurrency": -1}, {"on_failure": "wait"}, {"max_wait": -1}]
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must"):
        aiollm.RedisLimiter("redis://localhost", name="x", **wrong)  # type: ignore[arg-type]


def test_its_repr_tells_where_and_what():
    limiter = aiollm.RedisLimiter("redis://u:secret@localhost/0", name="openai", rpm=500, concurrency=64)
    assert repr(limiter) == "<RedisLimiter 'openai' on Redis at localhost:6379: rpm=500, concurrency=64, 0 waiting>"

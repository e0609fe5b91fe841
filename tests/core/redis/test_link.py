import asyncio
import logging

import pytest
from redis.asyncio import Redis

from aiollm.core.redis.link import RedisLink, RedisUnavailable
from tests.services.redis import RedisServer

SECRET = "s3cr3t"


def link(url: str, seconds: float = 5.0) -> RedisLink:
    return RedisLink(url, seconds=seconds, meanwhile="this is a test")


async def ping(client: Redis) -> bool:
    return bool(await client.ping())


async def test_a_command_is_run_on_the_server(redis_server: RedisServer):
    assert await link(redis_server.url).call(ping)


async def test_a_function_may_make_the_client(redis_server: RedisServer):
    made = RedisLink(lambda: Redis(port=redis_server.port), seconds=5.0, meanwhile="")
    assert await made.call(ping)


def test_each_loop_has_a_client_of_its_own(redis_server: RedisServer):
    shared = link(redis_server.url)
    for _ in range(3):
        assert asyncio.run(shared.call(ping))


async def test_a_server_that_is_gone_is_left_alone_for_a_while(mortal_redis: RedisServer):
    lost = link(mortal_redis.url)
    mortal_redis.kill()
    with pytest.raises(RedisUnavailable, match=f"127.0.0.1:{mortal_redis.port}") as first:
        await lost.call(ping)
    assert 0 < lost.pause <= 0.05
    with pytest.raises(RedisUnavailable) as second:
        await lost.call(ping)
    assert second.value.__cause__ is None  # it was not tried
    assert str(second.value) == str(first.value) == lost.failure
    mortal_redis.start()
    await asyncio.sleep(lost.pause)
    assert await lost.call(ping)
    assert lost.failure is None


async def test_a_silent_server_is_given_up(mortal_redis: RedisServer):
    async def never(client: Redis) -> None:
        await client.blpop(["nothing"])

    with pytest.raises(RedisUnavailable, match=r"no answer within 0\.05 s"):
        await link(mortal_redis.url, 0.05).call(never)


@pytest.mark.parametrize("ending", ["an answer", OSError("a failure")])
async def test_a_cancellation_that_a_command_drops_is_raised(redis_server: RedisServer, ending: str | OSError):
    begun = asyncio.Event()

    async def dropping(client: Redis) -> str:
        try:
            begun.set()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if isinstance(ending, OSError):
                raise ending from None
        return str(ending)

    task = asyncio.create_task(link(redis_server.url).call(dropping))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_command_that_the_server_refuses_counts_as_a_failure(redis_server: RedisServer):
    async def wrong(client: Redis) -> None:
        await client.execute_command("NOSUCH")

    with pytest.raises(RedisUnavailable, match="unknown command"):
        await link(redis_server.url).call(wrong)


async def test_no_secret_is_told(mortal_redis: RedisServer, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="aiollm")
    lost = link(mortal_redis.url.replace("://", f"://user:{SECRET}@"))
    with pytest.raises(RedisUnavailable) as refused:
        await lost.call(ping)
    assert SECRET not in caplog.text + str(refused.value) + repr(lost)
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://localhost", "Redis at localhost:6379"),
        (f"rediss://u:{SECRET}@host:1234/3", "Redis at host:1234"),
        ("unix:///run/redis.sock?db=1", "Redis at /run/redis.sock"),
    ],
)
def test_its_address_is_that_of_the_url(url: str, address: str):
    assert link(url).address == address


def test_a_url_of_something_else_is_refused_before_use():
    with pytest.raises(ValueError, match="redis://"):
        link("http://localhost")

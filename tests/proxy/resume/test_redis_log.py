"""Two instances on one real Redis: a stream that one has begun is taken up at the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from aiollm.proxy.resume import redis_log
from aiollm.testing import ProviderServer, finish, role, stall, tokens
from aiollm.types.secret import Secret
from tests.proxy.resume.resuming import ID, KEY, OTHER, WORDS, get, last_id, post, read_until, resumable, text_of
from tests.proxy.serving import Proxy, running
from tests.services.redis import RedisServer

DEADLINE = 10.0


@asynccontextmanager
async def instances(
    server: RedisServer, provider: ProviderServer, folder: Path, **settings: Any
) -> AsyncIterator[tuple[Proxy, Proxy]]:
    """Run two instances, each with a store of its own."""
    base = resumable(provider, **settings)
    shared = replace(base, router=replace(base.router, redis_url=Secret(server.url)))
    for name in ("one", "two"):
        (folder / name).mkdir()
    async with running(shared, provider, folder / "one") as one, running(shared, provider, folder / "two") as two:
        for proxy in (one, two):
            await proxy.add_key(KEY)
            await proxy.add_key(OTHER)
        yield one, two


async def told(proxy: Proxy, id: str) -> tuple[int, str]:
    """Return the refusal of an instance to go on after an event."""
    async with get(proxy, id) as reply:
        return reply.status, (await reply.json())["error"]["code"]


async def test_a_stream_begun_at_one_instance_goes_on_at_the_other_by_one_request(
    redis_server: RedisServer, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.script([role(), tokens("".join(WORDS), gap=0.01), finish("stop")])
    async with instances(redis_server, provider, tmp_path) as (one, two):
        async with one.chat(key=KEY, stream=True) as reply:
            events = await read_until(reply, lambda got: len(ID.findall(got)) >= 4)
        async with get(two, last_id(events)) as reply:
            events += await read_until(reply, lambda got: len(ID.findall(got)) >= 3)
        async with post(two, last_id(events)) as reply:
            assert reply.headers["x-aiollm-model"] == "fast"
            events += await reply.text()
        assert text_of(events) == "".join(WORDS)
        assert events.count("[DONE]") == 1
        assert len(provider.log) == 1
        for id in (last_id(events), f"{'0' * 32}-1"):
            async with get(two, id, key=OTHER) as reply:
                assert (reply.status, (await reply.json())["error"]["code"]) == (404, "stream_not_found")
        (row,) = await one.rows()
        assert row.status == "success"


async def test_a_stream_is_read_on_while_another_instance_reads_it_and_no_longer(
    redis_server: RedisServer, provider: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_log, "READER_SECONDS", 1.5)
    provider.script([role(), tokens("so far "), stall(1.0), tokens("so good "), stall(30)])
    async with instances(redis_server, provider, tmp_path, resume_grace=0.3) as (one, two):
        async with one.chat(key=KEY, stream=True) as reply:
            events = await read_until(reply, lambda got: "so far" in text_of(got))
        async with get(two, last_id(events)) as reply:
            events += await read_until(reply, lambda got: "so good" in text_of(got))
        async with asyncio.timeout(DEADLINE):
            await provider.wait_for_disconnect()
        async with get(two, last_id(events)) as reply:
            frame = json.loads((await reply.text()).splitlines()[0].removeprefix("data: "))
        assert frame["error"]["code"] == "stream_lost"


async def test_without_redis_a_stream_goes_on_for_its_client_and_the_other_instance_says_that_it_cannot_tell(
    mortal_redis: RedisServer, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.script([role(), tokens("so far "), stall(1.0), tokens("so good"), finish("stop")])
    async with instances(mortal_redis, provider, tmp_path) as (one, two):
        async with one.chat(key=KEY, stream=True) as reply:
            events = await read_until(reply, lambda got: "so far" in text_of(got))
            mortal_redis.kill()
            assert await told(two, last_id(events)) == (503, "streams_unavailable")
            events += await reply.text()
        assert text_of(events) == "so far so good"
        mortal_redis.start()
        async with asyncio.timeout(DEADLINE):
            while (found := await told(two, last_id(events)))[0] == 503:
                pass
        assert found == (404, "stream_not_found")
        async with get(one, ID.findall(events)[0]) as reply:  # which has it in its memory
            assert text_of(await reply.text()) == "so far so good"


async def test_a_reader_of_another_instance_is_told_when_the_stream_is_lost(
    redis_server: RedisServer, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.script([role(), tokens("so far "), stall(30)])
    async with instances(redis_server, provider, tmp_path) as (one, two), one.chat(key=KEY, stream=True) as reply:
        events = await read_until(reply, lambda got: "so far" in text_of(got))
        key = f"aiollm:stream:{{{last_id(events).partition('-')[0]}}}"
        async with Redis.from_url(redis_server.url) as client:
            await client.xread({key: "0-0"}, block=5000)  # it is copied behind what its client gets
            async with get(two, last_id(events)) as other:
                await client.delete(f"{key}:head")  # as if the first had died a while ago
                assert "stream_lost" in await other.text()


async def test_a_stream_is_kept_up_to_a_number_of_bytes_and_then_a_while(
    redis_server: RedisServer, provider: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiollm.proxy.resume.STREAM_BYTES", 600)
    provider.script([role(), tokens("".join(WORDS), gap=0.001), finish("stop")])
    async with instances(redis_server, provider, tmp_path, resume_keep=60.0) as (one, two):
        async with one.chat(key=KEY, stream=True) as reply:
            events = await reply.text()
        key = f"aiollm:stream:{{{last_id(events).partition('-')[0]}}}"
        async with Redis.from_url(redis_server.url) as client, asyncio.timeout(DEADLINE):
            place = "0-0"
            while place != "1-0":
                ((_, entries),) = await client.xread({key: place}, block=1000)
                place = entries[-1][0].decode()
            assert await client.xlen(key) < 8
            assert 50_000 < await client.pttl(key) <= 60_000
        async with get(two, ID.findall(events)[0]) as reply:
            assert (reply.status, (await reply.json())["error"]["code"]) == (410, "stream_trimmed")
        async with get(two, ID.findall(events)[-2]) as reply:
            assert events.endswith(await reply.text())

"""A client that loses its stream takes it up again."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from msgspec.structs import replace

from aiollm.proxy.resume import streams
from aiollm.testing import ProviderServer, cut, done, finish, role, stall, status, tokens
from tests.proxy.resume.resuming import ID, KEY, OTHER, WORDS, get, last_id, post, read_until, resumable, text_of
from tests.proxy.serving import MASTER, Proxy, config, running


@pytest.fixture
async def proxy(provider: ProviderServer, tmp_path: Path) -> AsyncIterator[Proxy]:
    async with running(resumable(provider, resume_grace=0.3), provider, tmp_path) as proxy:
        await proxy.add_key(KEY)
        await proxy.add_key(OTHER)
        yield proxy


async def test_every_frame_has_an_id_and_without_the_setting_none_has(
    proxy: Proxy, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.reply("Hello there")
    async with proxy.chat(key=KEY, stream=True) as reply:
        events = await reply.text()
    frames = events.rstrip().split("\n\n")
    stream = last_id(events).partition("-")[0]
    assert [ID.findall(frame) for frame in frames] == [[f"{stream}-{n}"] for n in range(1, len(frames) + 1)]
    assert "data: [DONE]\nid: " in events
    (tmp_path / "plain").mkdir()
    async with running(config(provider), provider, tmp_path / "plain") as plain:
        async with plain.chat(stream=True) as reply:
            assert "id: " not in (await reply.text()).replace('"id": ', "")
        async with get(plain, f"{stream}-1", key="sk-master-0001") as reply:
            assert (reply.status, (await reply.json())["error"]["code"]) == (404, "streams_not_resumable")


async def test_a_stream_that_is_cut_again_and_again_comes_to_the_same_text_by_one_request(proxy: Proxy) -> None:
    proxy.provider.script([role(), tokens("".join(WORDS), gap=0.01), finish("stop")])
    drawn = random.Random(6)
    async with proxy.chat(key=KEY, stream=True) as reply:
        events = await read_until(reply, lambda got: len(ID.findall(got)) >= 2)
    for again in range(20):
        most = drawn.randint(1, 4)
        async with (get if again % 2 else post)(proxy, last_id(events)) as reply:
            assert reply.status == 200
            events += await read_until(reply, lambda got, most=most: len(ID.findall(got)) >= most)  # type: ignore[misc]
        if "[DONE]" in events:
            break
    async with get(proxy, last_id(events)) as reply:
        events += await reply.text()
    assert text_of(events) == "".join(WORDS)
    assert events.count("[DONE]") == 1
    assert len(proxy.provider.log) == 1
    (row,) = await proxy.rows()
    assert row.status == "success"


async def test_a_stream_that_has_ended_is_replayed_whole(proxy: Proxy) -> None:
    proxy.provider.reply("Hello there")
    async with proxy.chat(key=KEY, stream=True) as reply:
        events = await reply.text()
        named = reply.headers["x-aiollm-model"]
    stream = last_id(events).partition("-")[0]
    async with get(proxy, stream) as reply:
        assert (await reply.text(), reply.headers["x-aiollm-model"]) == (events, named)
    async with get(proxy, last_id(events)) as reply:
        assert (reply.status, await reply.text()) == (200, "")


async def test_another_key_is_told_of_no_stream(proxy: Proxy) -> None:
    proxy.provider.reply("Hello there")
    async with proxy.chat(key=KEY, stream=True) as reply:
        id = last_id(await reply.text())
    wrong = f"{'0' * 32}-1"
    told = []
    for asked, key in ((id, OTHER), (id, "sk-master-0001"), (wrong, KEY), ("42", KEY)):
        for way in (get, post):
            async with way(proxy, asked, key) as reply:
                told.append((reply.status, (await reply.json())["error"]))
    assert {(status, error["code"], error["message"]) for status, error in told} == {
        (404, "stream_not_found", told[0][1]["message"])
    }
    assert len(proxy.provider.log) == 1


async def test_a_stream_that_nobody_takes_up_is_ended_after_the_grace_and_says_so(proxy: Proxy) -> None:
    proxy.provider.script([role(), tokens("so far"), stall(30)])
    async with proxy.chat(key=KEY, stream=True) as reply:
        events = await read_until(reply, lambda got: "so far" in text_of(got))
    await proxy.provider.wait_for_disconnect()
    await proxy.gateway.live.wait_empty()
    (row,) = await proxy.rows()
    assert row.status == "cancelled"
    async with get(proxy, last_id(events)) as reply:
        frame = json.loads((await reply.text()).splitlines()[0].removeprefix("data: "))
    assert (frame["error"]["code"], frame["error"]["retryable"]) == ("stream_lost", True)


async def test_a_stream_holds_its_place_until_it_is_read_whoever_reads_it(
    provider: ProviderServer, tmp_path: Path
) -> None:
    settings = resumable(provider, resume_grace=60.0)
    settings = replace(settings, general=replace(settings.general, max_in_flight_requests_per_worker=1))
    provider.script([role(), tokens("so far"), stall(30)])
    async with running(settings, provider, tmp_path) as proxy:
        async with proxy.chat(stream=True) as reply:
            events = await read_until(reply, lambda got: "so far" in text_of(got))
            async with get(proxy, last_id(events), MASTER):
                with suppress(aiohttp.ClientError):
                    await reply.read()  # to its end: this client's call is over
                async with proxy.chat(stream=True) as refused:
                    assert (refused.status, (await refused.json())["error"]["code"]) == (503, "gateway_overloaded")
                for call in proxy.gateway.live:
                    call.stop()
                await proxy.gateway.live.wait_empty()
        provider.script([role(), tokens("whole"), finish(), done()])
        async with proxy.chat(stream=True) as reply:
            assert text_of(await reply.text()) == "whole"


async def test_a_client_that_leaves_before_anything_came_ends_the_request_at_once(
    provider: ProviderServer, tmp_path: Path
) -> None:
    provider.script([role(), stall(30)])
    async with running(resumable(provider, resume_grace=60.0), provider, tmp_path) as proxy:
        task = asyncio.create_task(proxy.chat(stream=True).__aenter__())
        await provider.wait_for_request()
        task.cancel()
        async with asyncio.timeout(5):
            await provider.wait_for_disconnect()


async def test_what_fails_before_the_first_content_has_its_status(proxy: Proxy) -> None:
    proxy.provider.script(status(429, retry_after=7))
    async with proxy.chat(key=KEY, stream=True) as reply:
        assert (reply.status, reply.headers["retry-after"]) == (429, "7")


async def test_what_fails_after_a_heartbeat_is_a_frame(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiollm.proxy.answering.SILENCE_SECONDS", 0.1)
    proxy.provider.script([role(), stall(0.25), cut()])
    async with proxy.chat(key=KEY, stream=True) as reply:
        events = await reply.text()
    assert (reply.status, events.startswith(": keep-alive\n\n")) == (200, True)
    assert json.loads(events.splitlines()[-3].removeprefix("data: "))["error"]["code"] == "upstream_interrupted"


async def test_a_stream_ends_by_its_own_error_for_who_comes_back_too(proxy: Proxy) -> None:
    proxy.provider.script([role(), tokens("half an answer"), cut()])
    async with proxy.chat(key=KEY, stream=True) as reply:
        events = await reply.text()
    async with get(proxy, ID.findall(events)[0]) as reply:
        rest = await reply.text()
    assert events.endswith(rest)
    assert "upstream_interrupted" in rest
    assert "[DONE]" not in rest


async def test_messages_have_ids_too(proxy: Proxy) -> None:
    proxy.provider.reply("Hello!")
    asked = {"model": "fast", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "stream": True}
    async with proxy.post("/v1/messages", asked, key=KEY) as reply:
        events = await reply.text()
    first = ID.findall(events)[0]
    async with proxy.post("/v1/messages", asked, key=KEY, headers={"last-event-id": first}) as reply:
        assert events.endswith(await reply.text())
    assert events.endswith(f"id: {last_id(events)}\n\n")


async def test_a_stream_that_is_trimmed_says_so(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "STREAM_BYTES", 600)
    proxy.provider.script([role(), tokens("".join(WORDS), gap=0.001), finish("stop")])
    async with proxy.chat(key=KEY, stream=True) as reply:
        events = await reply.text()
    async with get(proxy, ID.findall(events)[0]) as reply:
        assert (reply.status, (await reply.json())["error"]["code"]) == (410, "stream_trimmed")


async def test_no_more_streams_are_kept_than_there_is_room_for(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_STREAMS", 1)
    proxy.provider.reply("Hello there")
    told = []
    for _ in range(2):
        async with proxy.chat(key=KEY, stream=True) as reply:
            told.append(await reply.text())
    async with get(proxy, last_id(told[0])) as reply:
        assert reply.status == 404
    proxy.provider.script([role(), tokens("so far"), stall(0.3), finish("stop")])
    async with proxy.chat(key=KEY, stream=True) as first:
        await read_until(first, lambda got: "so far" in text_of(got))
        proxy.provider.reply("Hello there")
        async with proxy.chat(key=KEY, stream=True) as second:
            assert not ID.findall(await second.text())

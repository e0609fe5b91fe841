"""One answer as several streams: what each gets, who waits for whom, and how each ends."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

import aiollm
from aiollm import ChunkStream, ReaderTooSlow, StreamCancelled, StreamInterrupted, Timeouts, WrongLoopError
from aiollm.testing import ProviderServer, cut, done, finish, role, stall, tokens
from tests.engine.calling import KEY, collected, opened, pool_facts, text_of

PIECE = "x" * 16_000
LONG = [role(), tokens([PIECE] * 100), finish(), done()]  # 1.6 MB
OPEN = [role(), tokens("so far"), stall(heartbeat=0.5)]
KEPT = 64 * 1024  # bytes
READ_BYTES = 640 * 1024  # more than one read of the socket gives


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        running.script([role(), tokens("a b c"), finish(), done()])
        yield running


@pytest.mark.usefixtures("no_task_left")
async def test_each_gets_all_of_one_answer(server: ProviderServer) -> None:
    streams = (await opened(server)).tee(3)
    for chunks, error in await asyncio.gather(*map(collected, streams)):
        assert (text_of(chunks), error) == ("a b c", None)
        chunks[1].choices[0].delta.content = "spoilt"
    assert len(server.log) == 1
    assert {(stream.closed, stream.finish_reason, len(stream.attempts)) for stream in streams} == {(True, "stop", 1)}
    assert streams[0].first_token == streams[1].first_token
    assert pool_facts() == {**pool_facts(), "active": 0, "idle": 1}


async def test_one_may_be_read_after_the_other(server: ProviderServer) -> None:
    first, second = (await opened(server)).tee()
    assert (await first.final()).choices[0].message.content == "a b c"
    assert [piece async for piece in second.text()] == ["a", " b", " c"]


async def test_they_begin_where_the_stream_stands(server: ProviderServer) -> None:
    stream = await opened(server)
    await anext(stream)
    first, second = stream.tee()
    assert len((await collected(first))[0]) == len((await collected(second))[0]) == 4
    assert stream.finish_reason == "stop"


@pytest.mark.parametrize("mock", ["all of it"])
async def test_an_answer_that_has_come_is_split_too(server: ProviderServer, mock: str) -> None:
    first, second = (await opened(server, mock_response=mock)).tee()
    assert text_of((await collected(first))[0]) == text_of((await collected(second))[0]) == mock
    assert not server.log


async def test_a_stream_of_events_is_split_too(server: ProviderServer) -> None:
    place: Any = {"api_base": server.base_url, "api_key": KEY, "num_retries": 0}
    stream = await aiollm.aresponses("Why?", "openai/any", stream=True, **place)
    first, second = stream.tee()
    kinds = [event.type async for event in first]
    assert kinds[-1] == "response.completed"
    assert [event.type async for event in second] == kinds


@pytest.mark.usefixtures("no_task_left")
async def test_one_that_is_left_touches_no_other(server: ProviderServer) -> None:
    server.script([role(), tokens("so it goes on"), finish(), done()])
    first, second = (await opened(server)).tee()
    async for _ in first:
        break
    assert text_of((await collected(second))[0]) == "so it goes on"
    assert (first.closed, second.attempts[0].ended) == (True, "complete")


@pytest.mark.usefixtures("no_task_left")
async def test_the_last_that_is_left_closes_the_connection(server: ProviderServer) -> None:
    server.script(OPEN)
    streams = (await opened(server)).tee()
    for stream in streams:
        async for _ in stream:
            break
    assert (await server.wait_for_disconnect(0)).disconnected_by == "client"


async def test_dropping_the_original_closes_nothing(server: ProviderServer) -> None:
    stream = await opened(server)
    async with stream:
        first, second = stream.tee()
    del stream
    gc.collect()
    assert [text_of((await collected(reader))[0]) for reader in (first, second)] == ["a b c"] * 2


async def test_the_original_says_where_to_read(server: ProviderServer) -> None:
    stream = await opened(server)
    first, second = stream.tee()
    with pytest.raises(StreamCancelled, match="read what that returned"):
        await anext(stream)
    await asyncio.gather(collected(first), collected(second))


async def test_each_gets_the_error_and_the_answer_so_far(server: ProviderServer) -> None:
    server.script([role(), tokens("so far"), cut()])
    errors = [error for _, error in await asyncio.gather(*map(collected, (await opened(server)).tee()))]
    assert errors[0] is not errors[1]
    for error in errors:
        assert isinstance(error, StreamInterrupted)
        assert error.partial.choices[0].message.content == "so far"


async def test_cancelling_one_that_waits_leaves_the_others(server: ProviderServer) -> None:
    server.script([role(), tokens("so far"), stall(0.2), tokens(" on"), finish(), done()])
    first, second = (await opened(server)).tee()
    reading = asyncio.create_task(collected(first))
    await anext(second)
    await asyncio.sleep(0.05)
    reading.cancel()
    assert text_of((await collected(second))[0]).endswith("on")
    assert (first.closed, reading.cancelled() or reading.cancelling()) == (True, True)


async def test_closing_one_wakes_the_task_that_reads_it(server: ProviderServer) -> None:
    server.script(OPEN)
    first, second = (await opened(server)).tee()
    reading = asyncio.create_task(collected(first))
    while text_of(await second.next_batch()) == "":
        pass
    await asyncio.sleep(0.02)
    await first.aclose()
    chunks, error = await asyncio.wait_for(reading, 10)
    assert text_of(chunks) == "so far"
    assert isinstance(error, StreamCancelled)
    await second.aclose()


async def test_a_scope_ends_all_of_them(server: ProviderServer) -> None:
    server.script(OPEN)
    with aiollm.scope() as scope:
        streams = (await opened(server)).tee()
    readings = [asyncio.create_task(collected(stream)) for stream in streams]
    await asyncio.sleep(0.02)
    scope.cancel()
    for _, error in await asyncio.gather(*readings):
        assert isinstance(error, StreamCancelled)
    assert (await server.wait_for_disconnect(0)).disconnected_by == "client"


async def test_a_clock_ends_all_of_them(server: ProviderServer) -> None:
    server.script(OPEN)
    streams = (await opened(server, timeout=Timeouts(idle=0.3))).tee()
    for _, error in await asyncio.gather(*map(collected, streams)):
        assert isinstance(error, aiollm.IdleTimeout)


# -- the slow


async def test_the_others_wait_for_a_slow_reader(server: ProviderServer) -> None:
    server.script(LONG)
    fast, slow = (await opened(server)).tee(slow="wait", max_bytes=KEPT)
    reading = asyncio.create_task(collected(fast))
    before = -1
    while fast.bytes != before or not before:
        before = fast.bytes
        await asyncio.sleep(0.05)
    assert fast.bytes <= KEPT + READ_BYTES
    (chunks, error), (others, other) = await asyncio.gather(reading, collected(slow))
    assert (error, other) == (None, None)
    assert text_of(chunks) == text_of(others) == PIECE * 100


async def test_a_slow_reader_that_leaves_lets_the_others_go_on(server: ProviderServer) -> None:
    server.script(LONG)
    fast, slow = (await opened(server)).tee(slow="wait", max_bytes=KEPT)
    reading = asyncio.create_task(collected(fast))
    await asyncio.sleep(0.05)
    await slow.aclose()
    assert text_of((await reading)[0]) == PIECE * 100


async def test_a_slow_reader_is_dropped_where_that_is_said(server: ProviderServer) -> None:
    server.script(LONG)
    fast, slow = (await opened(server)).tee(slow="drop", max_bytes=KEPT)
    chunks, error = await collected(fast)
    assert (text_of(chunks), error) == (PIECE * 100, None)
    rest, error = await collected(slow)
    assert isinstance(error, ReaderTooSlow)
    assert "more than 64 KiB behind" in str(error)
    assert error.partial.choices[0].message.content.startswith(PIECE)
    assert len(rest) < 100


# -- what is refused


@pytest.mark.parametrize("wrong", [{"count": 0}, {"slow": "never"}, {"max_bytes": 0}])
async def test_an_argument_out_of_range_is_refused(server: ProviderServer, wrong: dict[str, object]) -> None:
    stream = await opened(server)
    with pytest.raises(ValueError, match="got"):
        stream.tee(**wrong)  # type: ignore[arg-type]
    assert text_of((await collected(stream))[0]) == "a b c"


async def test_another_loop_is_refused(server: ProviderServer) -> None:
    stream: ChunkStream = await opened(server)
    with pytest.raises(WrongLoopError):
        await asyncio.to_thread(stream.tee)
    await stream.aclose()

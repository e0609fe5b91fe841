"""One stream for several readers: who waits for whom, and how much is kept for the slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import aiollm
from aiollm import ChunkStream, Secret, StreamInterrupted, Timeouts
from aiollm.core.call_scope import CallScope
from aiollm.engine.broadcast import AHEAD_BYTES, BEHIND_BYTES, Broadcast
from aiollm.engine.call import Call
from aiollm.providers.registry import resolve
from aiollm.testing import ProviderServer, done, finish, role, tokens
from aiollm.types.request import Request
from tests.engine.calling import collected, opened, text_of

PIECE = "x" * 16_000
LONG = [role(), tokens([PIECE] * 200), finish(), done()]  # 3 MB, three times what a reader may be behind
READ_BYTES = 640 * 1024  # more than one read of the socket gives


def call_of(stream: ChunkStream) -> Call:
    """A call that joins a broadcast of the stream."""
    target = resolve("openai/scripted", api_key=Secret("none"))
    return Call(Request(model="scripted", messages=(), stream=True), target, CallScope(stream._source.loop, Timeouts()))


@asynccontextmanager
async def broadcasting(server: ProviderServer, readers: int) -> AsyncIterator[tuple[Broadcast[ChunkStream], list[Any]]]:
    broadcast = Broadcast(await opened(server))
    joined = [broadcast.join(call_of(broadcast.stream)) for _ in range(readers)]
    running = asyncio.create_task(broadcast.run())
    try:
        yield broadcast, joined
    finally:
        for stream in joined:
            await stream.aclose()
        await running


async def test_each_reader_gets_everything_at_its_own_pace() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b c d e"), finish(), done()])
        async with broadcasting(server, 3) as (broadcast, (first, second, third)):
            chunks, error = await collected(first)
            assert (text_of(chunks), error) == ("a b c d e", None)
            assert (await anext(second)).choices[0].delta.role == "assistant"
            late = broadcast.join(call_of(broadcast.stream))
            for stream in (second, third, late):
                assert text_of((await collected(stream))[0]) == "a b c d e"
            assert len(server.log) == 1


async def test_a_chunk_is_a_copy_for_each() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), finish(), done()])
        async with broadcasting(server, 2) as (_, (first, second)):
            async for chunk in first:
                chunk.choices[0].delta.content = "spoilt"
                chunk._hidden_params["mine"] = True
            chunks, _ = await collected(second)
            assert text_of(chunks) == "a b"
            assert "mine" not in chunks[0]._hidden_params
            assert chunks[0]._hidden_params is second._hidden_params


async def test_a_reader_too_far_behind_is_told_so_and_holds_up_nobody() -> None:
    async with ProviderServer() as server:
        server.script(LONG)
        async with broadcasting(server, 2) as (broadcast, (fast, slow)):
            begun = [await anext(slow), await anext(slow)]
            chunks, error = await collected(fast)
            assert (len(text_of(chunks)), error) == (200 * len(PIECE), None)
            assert broadcast._bytes > 2 * BEHIND_BYTES
            rest, error = await collected(slow)
            assert isinstance(error, StreamInterrupted)
            assert "fell more than 1024 KiB behind" in str(error)
            assert (error.phase, error.retryable, error.model) == ("stream", False, "scripted")
            assert len(begun) + len(rest) < 200


async def test_a_single_event_larger_than_that_makes_nobody_slow() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens(["x" * 2 * BEHIND_BYTES, "y"]), finish(), done()])
        async with broadcasting(server, 2) as (_, (fast, slow)):
            while not text_of([await anext(fast)]):
                pass
            await anext(fast)
            chunks, error = await collected(slow)
            assert (len(text_of(chunks)), error) == (2 * BEHIND_BYTES + 1, None)


async def test_what_is_kept_is_bounded_and_nobody_can_join_who_would_miss_the_beginning() -> None:
    async with ProviderServer() as server:
        server.script(LONG)
        async with broadcasting(server, 1) as (broadcast, (reader,)):
            most = 0
            assert broadcast.joinable
            async for _ in reader:
                most = max(most, sum(len(batch.pieces) for batch in broadcast._batches))
            assert not broadcast.joinable
            assert most * len(PIECE) <= BEHIND_BYTES + AHEAD_BYTES + READ_BYTES


async def test_the_socket_is_not_read_while_nobody_reads() -> None:
    async with ProviderServer() as server:
        server.script(LONG)
        async with broadcasting(server, 2) as (broadcast, (first, second)):
            await anext(first)
            before = -1
            while broadcast._bytes != before:
                before = broadcast._bytes
                await asyncio.sleep(0.05)
            assert broadcast._lead() <= AHEAD_BYTES + READ_BYTES
            results = await asyncio.gather(collected(first), collected(second))
            assert [error for _, error in results] == [None, None]


async def test_a_loop_that_is_not_its_own_may_not_read() -> None:
    async with ProviderServer() as server, broadcasting(server, 1) as (_, (reader,)):
        with pytest.raises(aiollm.WrongLoopError):
            await asyncio.to_thread(lambda: asyncio.run(anext(reader)))  # type: ignore[arg-type]


def test_a_scope_of_its_own_knows_none_around_it() -> None:
    async def look() -> tuple[float | None, float | None]:
        loop = asyncio.get_running_loop()
        with aiollm.scope(total=5):
            clocks = Timeouts(total=None)
            return CallScope(loop, clocks).timeouts.total, CallScope(loop, clocks, alone=True).timeouts.total

    assert asyncio.run(look()) == (5, None)

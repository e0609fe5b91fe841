"""The contract of `ChunkStream`: however it is left, it closes."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import warnings
from typing import Any

import pytest

import aiollm
from aiollm.testing import (
    ProviderServer,
    done,
    finish,
    role,
    stall,
    tokens,
)
from tests.engine.calling import arguments, collected, opened, pool_facts, text_of
from tests.engine.closing import ENDLESS, assert_closed_soon, now, waiting_reader


async def test_break_closes_at_once_though_the_variable_is_kept() -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        stream = await opened(server)
        async for _ in stream:
            break
        await assert_closed_soon(server, now())
        assert stream.closed


async def test_return_from_the_loop_closes_at_once() -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        stream = await opened(server)

        async def first() -> Any:
            async for chunk in stream:
                return chunk
            return None

        assert (await first()).choices[0].delta.role == "assistant"
        await assert_closed_soon(server, now())


async def test_an_exception_in_the_loop_closes_at_once() -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        stream = await opened(server)

        async def read() -> None:
            async for _ in stream:
                raise LookupError

        with pytest.raises(LookupError):
            await read()
        await assert_closed_soon(server, now())


async def test_break_in_a_loop_over_an_unnamed_stream_closes_without_a_warning() -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        async for _ in await opened(server):
            break
        await assert_closed_soon(server, now())


async def test_an_iterator_that_is_kept_keeps_the_stream_open() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), stall(0.05), tokens(" c"), finish(), done()])
        stream = await opened(server)
        iterator = aiter(stream)
        async for _ in iterator:
            break
        assert not stream.closed
        assert text_of([chunk async for chunk in iterator]) == "a b c"


async def test_closing_twice_is_closing_once() -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        stream = await opened(server)
        start = now()
        await stream.aclose()
        await stream.aclose()
        await assert_closed_soon(server, start)
        assert await collected(stream) == ([], None)


async def test_closing_from_another_task_wakes_the_reader() -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        stream = await opened(server)
        chunks, reader = await waiting_reader(stream)
        assert text_of(chunks) == "one two three"
        start = now()
        await stream.aclose()
        more, error = await reader
        assert more == []
        assert isinstance(error, aiollm.StreamCancelled)
        await assert_closed_soon(server, start)


async def test_closing_from_another_thread_and_loop() -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        stream = await opened(server)
        start = now()
        await asyncio.to_thread(asyncio.run, stream.aclose())
        await assert_closed_soon(server, start)


async def test_async_with_closes() -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        async with await opened(server) as stream:
            await anext(stream)
        await assert_closed_soon(server, now())


async def test_cancelling_the_reading_task_closes_at_once() -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        stream = await opened(server)
        _, reader = await waiting_reader(stream)
        start = now()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await assert_closed_soon(server, start)


async def test_a_dropped_stream_closes_and_warns_of_the_line_that_opened_it() -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        line = inspect.currentframe().f_lineno + 1
        stream = await aiollm.acompletion(**arguments(server, stream=True))
        start = now()
        with pytest.warns(ResourceWarning, match=f"opened at .*test_stream_closing.py:{line}$"):
            del stream
        await assert_closed_soon(server, start)


async def test_a_stream_dropped_by_the_collector_closes() -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        ring: list[Any] = [await opened(server)]
        ring.append(ring)
        del ring
        with pytest.warns(ResourceWarning, match="dropped before its end"):
            gc.collect()
        await assert_closed_soon(server, now())  # a collection itself may take long


async def test_a_dropped_stream_closes_also_where_warnings_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda fault: raised.append(fault.exc_type))
    async with ProviderServer() as server:
        server.script(ENDLESS)
        stream = await opened(server)
        start = now()
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            del stream
        assert raised == [ResourceWarning]
        await assert_closed_soon(server, start)


async def test_a_stream_dropped_in_another_thread_closes() -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        holder = [await opened(server)]
        start = now()
        with pytest.warns(ResourceWarning, match="dropped before its end"):
            await asyncio.to_thread(holder.clear)
        await assert_closed_soon(server, start)


async def test_a_whole_answer_may_be_dropped_without_a_warning() -> None:
    async with ProviderServer() as server:
        server.reply("all of it")
        stream = await opened(server)
        while not stream.closed:
            await anext(stream)
        del stream
        assert pool_facts()["active"] == 0


async def test_reading_on_another_loop_is_refused() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), stall(0.05), finish(), done()])
        stream = await opened(server)
        await stream.next_batch()

        async def elsewhere() -> None:
            await anext(stream)

        with pytest.raises(aiollm.WrongLoopError, match="another event loop"):
            await asyncio.to_thread(asyncio.run, elsewhere())
        assert not stream.closed
        await collected(stream)


@pytest.mark.parametrize("how", ["async for", "anext", "next_batch"])
async def test_a_reader_that_does_not_wait_just_then_hears_that_another_task_has_closed(how: str) -> None:
    async with ProviderServer() as server:
        server.script(ENDLESS)
        stream = await opened(server)
        chunks = aiter(stream)
        await anext(chunks)
        await asyncio.create_task(stream.aclose())
        ways = {"async for": chunks.__anext__, "anext": stream.__anext__, "next_batch": stream.next_batch}
        with pytest.raises(aiollm.StreamCancelled, match="another task"):
            await ways[how]()
        assert [chunk async for chunk in chunks] == []

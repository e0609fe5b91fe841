"""The four clocks, seen from a stream."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

import aiollm
from aiollm import Timeouts
from aiollm.engine.wire_source import TAIL_SECONDS
from aiollm.testing import ProviderServer, comment, done, finish, headers, role, silence, stall, tokens, usage
from tests.engine.calling import answered, collected, opened, pool_facts, text_of


async def test_a_slow_reader_never_trips_idle() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b c d", gap=0.05), finish(), done()])
        stream = await opened(server, timeout=Timeouts(idle=0.15, first_token=5))
        chunks = []
        async for chunk in stream:
            chunks.append(chunk)
            await asyncio.sleep(0.2)
        assert text_of(chunks) == "a b c d"


async def test_a_reader_that_blocks_the_loop_never_trips_idle() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b c", gap=0.05), finish(), done()])
        stream = await opened(server, timeout=Timeouts(idle=0.15, first_token=5))
        chunks = []
        async for chunk in stream:
            chunks.append(chunk)
            time.sleep(0.2)  # noqa: ASYNC251  # it is what the test is about
        assert text_of(chunks) == "a b c"


@pytest.mark.parametrize("beat", [comment(), role(), tokens([""])], ids=["comment", "role", "empty content"])
async def test_what_is_no_content_does_not_reset_idle(beat: Any) -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), *[stall(0.05), beat] * 40])
        stream = await opened(server, timeout=Timeouts(idle=0.3))
        start = asyncio.get_running_loop().time()
        chunks, error = await collected(stream)
        assert isinstance(error, aiollm.IdleTimeout)
        assert 0.25 < asyncio.get_running_loop().time() - start < 5
        assert text_of(chunks) == "a"
        request = await server.wait_for_disconnect()
        assert request.disconnected_by == "client"


async def test_heartbeats_do_not_reset_first_token() -> None:
    async with ProviderServer() as server:
        server.script([headers(), role(), *[stall(0.05), comment()] * 40])
        with pytest.raises(aiollm.FirstTokenTimeout):
            await opened(server, timeout=Timeouts(first_token=0.3))
        assert pool_facts()["active"] == 0


async def test_first_token_spans_the_head_and_the_body() -> None:
    async with ProviderServer() as server:
        server.script([stall(0.25), headers(), role(), stall(0.25), tokens("late"), finish(), done()])
        with pytest.raises(aiollm.FirstTokenTimeout):
            await opened(server, timeout=Timeouts(first_token=0.4))
        stream = await opened(server, timeout=5)
        assert stream.first_token is not None
        assert stream.first_token >= 0.49
        await collected(stream)


async def test_the_total_fires_while_the_reader_sleeps() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b c"), stall()])
        stream = await opened(server, timeout=Timeouts(total=0.3))
        first = await anext(stream)
        request = await server.wait_for_disconnect()
        assert request.disconnected_by == "client"
        rest, error = await collected(stream)
        assert text_of([first, *rest]) == "a b c"
        assert isinstance(error, aiollm.TotalTimeout)
        assert error.partial.choices[0].message.content == "a b c"


async def test_the_total_counts_from_the_call() -> None:
    async with ProviderServer() as server:
        server.script(silence())
        start = asyncio.get_running_loop().time()
        with pytest.raises(aiollm.TotalTimeout):
            await opened(server, timeout=Timeouts(total=0.2))
        assert asyncio.get_running_loop().time() - start < 5


@pytest.mark.parametrize("options", [{"timeout": 0.2}, {"timeout": Timeouts(first_token=0.2)}])
async def test_a_whole_answer_has_clocks_too(options: dict[str, Any]) -> None:
    async with ProviderServer() as server:
        server.script([headers(content_type="application/json"), stall()])
        with pytest.raises(aiollm.Timeout):
            await answered(server, **options)
        assert pool_facts()["active"] == 0


async def test_stream_timeout_is_for_streams() -> None:
    async with ProviderServer() as server:
        server.script(silence())
        with pytest.raises(aiollm.FirstTokenTimeout):
            await opened(server, stream_timeout=0.1)
        server.script([stall(0.3), *[role()], tokens("x"), finish(), done()])
        with pytest.raises(
            aiollm.APIResponseValidationError
        ):  # chunks are no whole answer, but the wait was long enough
            await answered(server, stream_timeout=0.1)


async def test_the_tail_of_a_whole_answer_has_a_clock_of_its_own() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), finish(), stall(0.5), usage(7, 2), done()])
        stream = await opened(server, timeout=Timeouts(idle=0.1))
        _, error = await collected(stream)
        assert error is None
        assert stream.usage is not None


async def test_an_answer_that_is_whole_waits_some_seconds_for_its_tail() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), finish(), stall(heartbeat=0.5)])
        stream = await opened(server, timeout=Timeouts(idle=None))
        start = asyncio.get_running_loop().time()
        chunks, error = await collected(stream)
        waited = asyncio.get_running_loop().time() - start
        assert (text_of(chunks), error, stream.finish_reason) == ("a b", None, "stop")
        assert TAIL_SECONDS - 0.5 < waited < TAIL_SECONDS + 3

"""A stream as what it stands for: its text, and the whole answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import aiollm
from aiollm.testing import ProviderServer, cut, role, stall, tokens
from tests.engine.calling import answered, arguments, collected, opened


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        running.reply("all of it")
        yield running


async def test_the_text_comes_piece_by_piece(server: ProviderServer) -> None:
    stream = await opened(server)
    assert [piece async for piece in stream.text()] == ["all", " of", " it"]
    assert stream.closed


async def test_leaving_the_text_closes_the_connection(server: ProviderServer) -> None:
    server.script([role(), tokens("as far"), stall()])
    stream = await opened(server)
    async for _ in stream.text():
        break
    assert (await server.wait_for_disconnect(0)).disconnected_by == "client"


async def test_the_text_of_a_cut_answer_raises_at_its_end(server: ProviderServer) -> None:
    server.script([role(), tokens("as far"), cut()])
    text = (await opened(server)).text()
    assert await anext(text) + await anext(text) == "as far"
    with pytest.raises(aiollm.StreamInterrupted):
        await anext(text)


async def test_the_final_answer_is_that_of_a_call_without_a_stream(server: ProviderServer) -> None:
    server.reply("all of it", usage={"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7})
    stream = await opened(server, stream_options={"include_usage": True})
    await anext(stream)
    streamed, whole = await stream.final(), await answered(server)
    assert streamed.choices == whole.choices
    assert streamed.usage == whole.usage
    assert streamed == await stream.final()


async def test_there_is_no_final_answer_of_a_stream_that_was_left(server: ProviderServer) -> None:
    server.script([role(), tokens("as far"), stall()])
    stream = await opened(server)
    await anext(stream)
    await stream.aclose()
    with pytest.raises(aiollm.StreamCancelled, match="no whole answer"):
        await stream.final()


async def test_there_is_no_final_answer_of_a_stream_that_broke_off(server: ProviderServer) -> None:
    server.script([role(), tokens("as far"), cut()])
    stream = await opened(server)
    with pytest.raises(aiollm.StreamInterrupted):
        await stream.final()
    with pytest.raises(aiollm.StreamCancelled, match="no whole answer"):
        await stream.final()


async def test_the_final_answer_of_a_shared_stream(server: ProviderServer) -> None:
    client = aiollm.Client(single_flight=True)
    streams = await asyncio.gather(*(client.acompletion(**arguments(server, stream=True)) for _ in range(2)))
    answers = await asyncio.gather(*(stream.final() for stream in streams))
    assert [answer.choices[0].message.content for answer in answers] == ["all of it"] * 2
    assert len(server.log) == 1


async def test_a_finished_stream_has_a_final_answer_too(server: ProviderServer) -> None:
    stream = await opened(server)
    await collected(stream)
    assert (await stream.final()).choices[0].message.content == "all of it"

"""`stream.events()`: what a client of the program is to be sent."""

from __future__ import annotations

import pytest

import aiollm
from aiollm.testing import ProviderServer, cut, done, finish, role, stall, tokens, usage

MESSAGES = [{"role": "user", "content": "hi"}]


async def opened(server: ProviderServer) -> aiollm.ChunkStream:
    options = {"api_base": server.base_url, "api_key": "sk-test", "stream_options": {"include_usage": True}}
    return await aiollm.acompletion("openai/gpt-4o", MESSAGES, stream=True, num_retries=0, **options)


async def test_they_are_plain_chunks_in_openais_form() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("hi"), finish(), usage(5, 3), done()])
        first, text, end, counted = [event async for event in (await opened(server)).events()]
    assert {**text, "choices": []} == {**first, "choices": []}
    assert text["choices"] == [{"index": 0, "delta": {"content": "hi"}, "logprobs": None, "finish_reason": None}]
    assert (end["choices"][0]["finish_reason"], counted["usage"]["total_tokens"]) == ("stop", 8)


async def test_an_answer_that_breaks_off_ends_in_an_error_and_raises_nothing() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("so far"), cut()])
        *_, last = [event async for event in (await opened(server)).events()]
    assert last["error"]["code"] == "upstream_interrupted"


@pytest.mark.parametrize("ending", ["break", "drop"])
async def test_leaving_the_loop_closes_the_connection(ending: str) -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("so far"), stall()])
        events = (await opened(server)).events()
        if ending == "break":
            async for _ in events:
                break
        del events
        request = await server.wait_for_disconnect(timeout=20)
    assert request.disconnected_by == "client"


async def test_a_recovery_is_told() -> None:
    async with ProviderServer() as server:
        server.enqueue([role(), tokens("so far"), cut()], [role(), tokens("anew"), finish(), done()])
        options = {"api_base": server.base_url, "api_key": "sk-test"}
        stream = await aiollm.acompletion("openai/gpt-4o", MESSAGES, stream=True, mid_stream="restart", **options)
        told = [event["recovery"]["action"] async for event in stream.events() if "recovery" in event]
    assert told == ["restart"]

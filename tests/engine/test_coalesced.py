"""A stream with fewer chunks: what is joined, what is not, and that it ends as it would have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import aiollm
from aiollm import ModelResponseStream, StreamCancelled, StreamInterrupted, WrongLoopError
from aiollm.testing import ProviderServer, cut, delta, done, finish, raw, role, stall, tokens, tool_call, usage
from tests.engine.calling import collected, opened, pool_facts, text_of

LONG = 60_000  # milliseconds: what waits for that waits for ever
pytestmark = pytest.mark.usefixtures("no_task_left")


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        running.script([role(), tokens("a b c d e f", gap=0.002), finish(), done()])
        yield running


def texts(chunks: list[ModelResponseStream]) -> list[str]:
    return [text for chunk in chunks if (text := text_of([chunk]))]


async def test_the_first_text_comes_at_once_and_the_rest_as_one(server: ProviderServer) -> None:
    stream = (await opened(server)).coalesce(ms=LONG)
    chunks, error = await collected(stream)
    assert (text_of(chunks), error) == ("a b c d e f", None)
    assert len(texts(chunks)) == 2
    assert (chunks[0].choices[0].delta.role, chunks[-1].choices[0].finish_reason) == ("assistant", "stop")
    assert (stream.finish_reason, stream.chunks, stream.closed) == ("stop", len(chunks), True)
    assert pool_facts() == {**pool_facts(), "active": 0, "idle": 1}


async def test_text_is_held_back_no_longer_than_said(server: ProviderServer) -> None:
    server.script([role(), tokens("a b c"), stall(0.01), tokens(" d e"), stall(heartbeat=0.5)])
    stream = (await opened(server)).coalesce(ms=30)
    text = ""
    async with asyncio.timeout(20):
        while text != "a b c d e":
            text += text_of([await anext(stream)])
    await stream.aclose()


async def test_nothing_else_waits_and_text_does_not_join_across_it(server: ProviderServer) -> None:
    call = tool_call("weather", '{"city": "Paris"}')
    counts = usage(prompt_tokens=1, completion_tokens=2)
    server.script([role(), tokens("a b c"), call, finish("tool_calls"), counts, done()])
    plain, _ = await collected(await opened(server, stream_options={"include_usage": True}))
    chunks, _ = await collected((await opened(server, stream_options={"include_usage": True})).coalesce(ms=LONG))

    def others(chunks: list[ModelResponseStream]) -> list[ModelResponseStream]:
        return [chunk.model_copy(update={"id": None, "created": None}) for chunk in chunks if not text_of([chunk])]

    assert others(chunks) == others(plain)
    assert text_of(chunks[:-3]) == "a b c"
    assert chunks[-1].usage == plain[-1].usage


async def test_reasoning_does_not_join_text(server: ProviderServer) -> None:
    thoughts = [delta({"reasoning_content": text}) for text in "pqr"]
    server.script([role(), *thoughts, tokens("a b c"), finish(), done()])
    chunks, _ = await collected((await opened(server)).coalesce(ms=LONG))
    parts = [chunk.choices[0].delta for chunk in chunks]
    assert not [part for part in parts if part.content and part.reasoning_content]
    assert "".join(part.reasoning_content or "" for part in parts) == "pqr"
    assert text_of(chunks) == "a b c"


async def test_log_probabilities_stay_with_their_text(server: ProviderServer) -> None:
    event = b'data: {"choices":[{"delta":{"content":"%c"},"logprobs":{"content":[{"token":"%c","logprob":-1.0}]}}]}\n\n'
    pieces = [raw(event % (letter, letter)) for letter in b"abcde"]
    server.script([role(), *pieces, finish(), done()])
    chunks, _ = await collected((await opened(server)).coalesce(ms=LONG))
    assert text_of(chunks) == "abcde"
    for chunk in chunks:
        told = chunk.choices[0].logprobs
        assert "".join(token.token for token in told.content or []) == text_of([chunk]) if told else True
    assert sum(len(chunk.choices[0].logprobs.content or []) for chunk in chunks if chunk.choices[0].logprobs) == 5


async def test_a_joined_chunk_dumps_what_it_says(server: ProviderServer) -> None:
    chunks, _ = await collected((await opened(server)).coalesce(ms=LONG))
    assert [chunk.model_dump()["choices"][0]["delta"]["content"] for chunk in chunks if text_of([chunk])] == texts(
        chunks
    )


async def test_the_values_of_a_stream_are_those_of_the_answer(server: ProviderServer) -> None:
    stream = (await opened(server)).coalesce(ms=LONG)
    assert "".join([piece async for piece in stream.text()]) == "a b c d e f"
    assert (await stream.final()).choices[0].message.content == "a b c d e f"
    assert stream.attempts[0].ended == "complete"


async def test_leaving_it_closes_the_connection(server: ProviderServer) -> None:
    server.script([role(), tokens("so far"), stall(heartbeat=0.5)])
    async for _ in (await opened(server)).coalesce(ms=LONG):
        break
    assert (await server.wait_for_disconnect(0)).disconnected_by == "client"


async def test_cancelling_the_reader_closes_the_connection(server: ProviderServer) -> None:
    server.script([role(), tokens("so far"), stall(heartbeat=0.5)])
    stream = (await opened(server)).coalesce(ms=LONG)
    reading = asyncio.create_task(collected(stream))
    await asyncio.sleep(0.05)
    reading.cancel()
    assert (await server.wait_for_disconnect(0)).disconnected_by == "client"
    assert stream.closed


async def test_closing_it_wakes_the_task_that_reads_it(server: ProviderServer) -> None:
    server.script([role(), tokens("so far"), stall(heartbeat=0.5)])
    stream = (await opened(server)).coalesce(ms=LONG)
    reading = asyncio.create_task(collected(stream))
    await asyncio.sleep(0.05)
    await stream.aclose()
    assert isinstance((await asyncio.wait_for(reading, 10))[1], StreamCancelled)


async def test_a_scope_ends_it(server: ProviderServer) -> None:
    server.script([role(), tokens("so far"), stall(heartbeat=0.5)])
    with aiollm.scope() as scope:
        stream = (await opened(server)).coalesce(ms=LONG)
    reading = asyncio.create_task(collected(stream))
    await asyncio.sleep(0.05)
    scope.cancel()
    chunks, error = await reading
    assert (text_of(chunks), type(error)) == ("so far", StreamCancelled)


async def test_a_cut_answer_raises_after_what_came(server: ProviderServer) -> None:
    server.script([role(), tokens("so far it is"), cut()])
    stream = (await opened(server)).coalesce(ms=LONG)
    outcomes: list[aiollm.Outcome] = []
    stream.on_close(outcomes.append)
    chunks, error = await collected(stream)
    assert text_of(chunks) == "so far it is"
    assert isinstance(error, StreamInterrupted)
    assert error.partial.choices[0].message.content == "so far it is"
    assert [outcome.ended for outcome in outcomes] == ["failed"]


async def test_a_slow_reader_holds_the_provider_back(server: ProviderServer) -> None:
    server.script([role(), tokens(["x" * 16_000] * 300), finish(), done()])
    stream = (await opened(server)).coalesce(ms=1)
    await anext(stream)
    before = -1
    while before != stream._source._stream.bytes:  # type: ignore[attr-defined]
        before = stream._source._stream.bytes  # type: ignore[attr-defined]
        await asyncio.sleep(0.05)
    assert before < 2_000_000
    assert len(text_of((await collected(stream))[0])) >= 299 * 16_000


async def test_joined_streams_are_split_and_split_ones_joined(server: ProviderServer) -> None:
    first, second = (await opened(server)).coalesce(ms=LONG).tee()
    slow = second.coalesce(ms=1)
    results = await asyncio.gather(collected(first), collected(slow))
    assert [text_of(chunks) for chunks, _ in results] == ["a b c d e f"] * 2


@pytest.mark.parametrize("ms", [0, -1, float("inf"), float("nan")])
async def test_no_window_is_refused(server: ProviderServer, ms: float) -> None:
    stream = await opened(server)
    with pytest.raises(ValueError, match="milliseconds"):
        stream.coalesce(ms=ms)
    await stream.aclose()


async def test_another_loop_is_refused(server: ProviderServer) -> None:
    stream = await opened(server)
    with pytest.raises(WrongLoopError):
        await asyncio.to_thread(lambda: stream.coalesce(ms=1))
    await stream.aclose()

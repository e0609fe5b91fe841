"""The contract of `ChunkStream`: opening, reading, account."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import aiollm
from aiollm import Outcome, StreamCancelled, StreamInterrupted
from aiollm.testing import (
    ProviderServer,
    comment,
    cut,
    done,
    error_event,
    fin,
    finish,
    headers,
    interleaved,
    linger_after_done,
    raw,
    reasoning,
    refusal,
    reply,
    role,
    rst,
    stall,
    status,
    tokens,
    tool_call,
    usage,
)
from tests.engine.calling import collected, opened, pool_facts, text_of
from tests.engine.closing import ENDLESS, now, waiting_reader

# -- opening


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (tokens("hello"), lambda delta: delta.content == "hello"),
        (reasoning("because"), lambda delta: delta.reasoning_content == "because"),
        (refusal("no"), lambda delta: delta.refusal == "no"),
        (tool_call("f", "{}"), lambda delta: delta.tool_calls and delta.tool_calls[0].function.name == "f"),
    ],
    ids=["text", "reasoning", "refusal", "tool call"],
)
async def test_opening_waits_for_content_and_for_no_less(content: Any, seen: Any) -> None:
    async with ProviderServer() as server:
        server.script([role(), comment(), stall(0.15), content, stall()])
        start = now()
        stream = await opened(server)
        assert now() - start >= 0.14
        assert stream.first_token is not None
        assert stream.first_token >= 0.14
        async with stream:
            deltas = [(await anext(stream)).choices[0].delta]
            while not seen(deltas[-1]):
                deltas.append((await anext(stream)).choices[0].delta)
            assert [delta.role for delta in deltas] == ["assistant", *[None] * (len(deltas) - 1)]


async def test_a_finish_reason_opens_too() -> None:
    async with ProviderServer() as server:
        server.script([role(), finish("content_filter"), stall(0.2), done()])
        stream = await opened(server)
        assert not stream.closed
        assert stream.finish_reason == "content_filter"
        await collected(stream)
        assert stream.closed


@pytest.mark.parametrize("steps", [rst(), status(503), [role(), error_event("boom")], [role(), fin()]])
async def test_what_comes_instead_of_content_is_raised_by_opening(steps: Any) -> None:
    async with ProviderServer() as server:
        server.script(steps)
        with pytest.raises(aiollm.APIError) as caught:
            await opened(server)
        assert caught.value.partial is None
        assert pool_facts()["active"] == 0


async def test_an_error_in_the_same_read_as_content_comes_after_the_content() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), error_event("boom"), done()])
        chunks, error = await collected(await opened(server))
        assert text_of(chunks) == "a b"
        assert isinstance(error, aiollm.InternalServerError)
        assert error.partial.choices[0].message.content == "a b"
        assert error.partial.choices[0].finish_reason is None


# -- reading


async def test_anext_reads_one_chunk_and_goes_on_later() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b c", gap=0.01), finish(), done()])
        stream = await opened(server)
        first = [await anext(stream), await anext(stream)]
        rest, error = await collected(stream)
        assert (text_of(first), text_of(rest), error) == ("a", " b c", None)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_an_error_is_raised_once_and_then_the_stream_is_over() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), cut()])
        stream = await opened(server)
        await anext(stream)
        await anext(stream)
        with pytest.raises(aiollm.StreamInterrupted):
            await anext(stream)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_a_plain_for_says_what_to_write() -> None:
    async with ProviderServer() as server:
        stream = await opened(server)
        with pytest.raises(TypeError, match="`async for`"):
            for _ in stream:
                pass
        await stream.aclose()


async def test_batches_are_what_one_read_brought() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b c"), stall(0.05), tokens(" d"), finish(), done()])
        stream = await opened(server)
        batches = []
        while batch := await stream.next_batch():
            batches.append(batch)
        assert text_of(chunk for batch in batches for chunk in batch) == "a b c d"
        assert 2 <= len(batches) <= 6
        assert await stream.next_batch() == []


async def test_batches_end_with_the_error() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), stall(0.02), cut()])
        stream = await opened(server)
        assert text_of(await stream.next_batch()) == "a"
        with pytest.raises(aiollm.StreamInterrupted):
            await stream.next_batch()
        assert await stream.next_batch() == []


async def test_another_task_may_read_on() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b c", gap=0.02), finish(), done()])
        stream = await opened(server)
        first = await anext(stream), await anext(stream)
        rest, error = await asyncio.create_task(collected(stream))
        assert (text_of([*first, *rest]), error) == ("a b c", None)


# -- account

ENDINGS = {
    "complete": ([role(), tokens("a b"), finish(), usage(7, 2), done()], "complete"),
    "truncated": ([role(), tokens("a b"), fin()], "failed"),
    "reset": ([role(), tokens("a b"), stall(0.05), rst()], "failed"),
    "reported": ([role(), tokens("a b"), error_event("boom")], "failed"),
    "idle": ([role(), tokens("a b"), stall()], "failed"),
}


@pytest.mark.parametrize(("steps", "ended"), ENDINGS.values(), ids=ENDINGS)
async def test_listeners_hear_once_of_every_ending(steps: Any, ended: str) -> None:
    outcomes: list[Outcome] = []
    async with ProviderServer() as server:
        server.script(steps)
        stream = await opened(server, timeout=aiollm.Timeouts(first_token=10, idle=0.5))
        stream.on_close(outcomes.append)
        chunks, error = await collected(stream)
        await stream.aclose()
        stream = None
    assert [outcome.ended for outcome in outcomes] == [ended]
    outcome = outcomes[0]
    assert outcome.error is error
    assert outcome.chunks == len(chunks)
    assert outcome.first_token is not None
    assert outcome.elapsed >= outcome.first_token > 0
    if ended == "complete":
        assert (outcome.finish_reason, outcome.usage.total_tokens) == ("stop", 9)
    else:
        assert outcome.finish_reason is None


@pytest.mark.parametrize("leave", ["aclose", "break", "async with", "drop", "cancel"])
async def test_listeners_hear_once_of_every_leaving(leave: str) -> None:
    outcomes: list[Outcome] = []
    async with ProviderServer() as server:
        server.script(ENDLESS)
        stream = await opened(server)
        stream.on_close(outcomes.append)
        if leave == "aclose":
            await stream.aclose()
        elif leave == "break":
            async for _ in stream:
                break
        elif leave == "async with":
            async with stream:
                pass
        elif leave == "drop":
            with pytest.warns(ResourceWarning, match="dropped"):
                del stream
        else:
            _, reader = await waiting_reader(stream)
            reader.cancel()
            await asyncio.wait({reader})
            assert reader.cancelled()
        stream = None
        await server.wait_for_disconnect()
    assert [(outcome.ended, outcome.error) for outcome in outcomes] == [("closed", None)]


async def test_a_listener_that_comes_after_the_end_hears_of_it_at_once() -> None:
    outcomes: list[Outcome] = []
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), finish(), usage(7, 2), done()])
        start = now()
        stream = await opened(server)
        chunks, _ = await collected(stream)
        stream.on_close(outcomes.append)
        outcome = outcomes[0]
        assert (outcome.ended, outcome.chunks, outcome.finish_reason) == ("complete", len(chunks), "stop")
        assert 0 < outcome.first_token <= outcome.elapsed <= now() - start
        stream.on_close(outcomes.append)
        assert outcomes[1] == outcome


async def test_a_listener_that_fails_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    outcomes: list[Outcome] = []

    def fail(outcome: Outcome) -> None:
        raise ValueError("not my day")

    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), stall(0.01), cut()])
        stream = await opened(server)
        stream.on_close(outcomes.append)
        stream.on_close(fail)
        _, error = await collected(stream)
    assert isinstance(error, StreamInterrupted)
    assert [outcome.ended for outcome in outcomes] == ["failed"]
    assert "a listener to the end of a stream failed" in caplog.text


async def test_closing_while_bytes_are_on_their_way_to_the_reader_cancels_it() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), stall(0.05), tokens("b"), stall()])
        stream = await opened(server)
        await anext(stream), await anext(stream)
        reader = asyncio.create_task(anext(stream))
        # In the same turn of the loop as the bytes' arrival: an event would wake us a turn later.
        while not stream._source._exchange._reply.content._buffer:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await stream.aclose()
        with pytest.raises((StreamCancelled, StopAsyncIteration)):
            await reader


async def test_listeners_hear_of_a_whole_answer() -> None:
    outcomes: list[Outcome] = []
    stream = await aiollm.acompletion("openai/x", [{"role": "user", "content": "hi"}], mock_response="yes", stream=True)
    stream.on_close(outcomes.append)
    assert [(outcome.ended, outcome.chunks) for outcome in outcomes] == [("complete", 2)]


async def test_usage_is_known_though_nobody_asked_for_its_chunk() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), finish(), usage(7, 2), done()])
        stream = await opened(server)
        chunks, _ = await collected(stream)
        assert all(chunk.usage is None for chunk in chunks)
        assert stream.usage is not None
        assert (stream.usage.prompt_tokens, stream.usage.completion_tokens) == (7, 2)


async def test_usage_that_was_asked_for_and_lost_is_none() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), finish(), stall(0.02), rst()])
        stream = await opened(server, stream_options={"include_usage": True})
        chunks, error = await collected(stream)
        assert error is None
        assert stream.usage is None
        assert all(len(chunk.choices) == 1 for chunk in chunks)


async def test_the_usage_chunk_is_the_last_and_has_no_choices() -> None:
    async with ProviderServer() as server:
        server.reply("a b", usage={"prompt_tokens": 3, "completion_tokens": 2})
        chunks, _ = await collected(await opened(server, stream_options={"include_usage": True}))
        assert [chunk.usage is not None for chunk in chunks] == [*[False] * (len(chunks) - 1), True]
        assert len(chunks[-1].choices) == 0
        assert chunks[-1].usage.total_tokens == 5
        assert server.log[0].json["stream_options"] == {"include_usage": True}


async def test_several_choices_end_when_all_of_them_have() -> None:
    async with ProviderServer() as server:
        server.script(
            [interleaved(["a b", "c d"]), finish(), stall(0.02), finish("length", index=1), stall(0.02), rst()]
        )
        chunks, error = await collected(await opened(server, n=2))
        assert error is None
        assert (text_of(chunks, 0), text_of(chunks, 1)) == ("a b", "c d")


async def test_several_choices_of_which_one_is_cut_are_truncated() -> None:
    async with ProviderServer() as server:
        server.script([interleaved(["a b", "c d"]), finish(), fin()])
        chunks, error = await collected(await opened(server, n=2))
        assert isinstance(error, aiollm.StreamTruncated)
        assert [choice.finish_reason for choice in error.partial.choices] == ["stop", None]
        assert text_of(chunks, 1) == "c d"


async def test_the_replys_headers_are_known() -> None:
    async with ProviderServer() as server:
        limits = {"x-ratelimit-remaining-requests": "9", "x-request-id": "req-1"}
        server.script([headers(limits), role(), tokens("a"), finish(), done()])
        stream = await opened(server)
        chunks, _ = await collected(stream)
        assert stream.request_id == "req-1"
        assert stream.head.headers["x-request-id"] == "req-1"
        for hidden in (stream._hidden_params, chunks[0]._hidden_params):
            assert hidden["custom_llm_provider"] == "openai"
            assert hidden["api_base"].startswith(server.base_url)
            assert hidden["additional_headers"]["x-ratelimit-remaining-requests"] == "9"
            assert hidden["additional_headers"]["llm_provider-x-request-id"] == "req-1"


async def test_the_repr_tells_where_it_stands() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), stall(0.05), finish(), linger_after_done(0)])
        stream = await opened(server)
        assert repr(stream).startswith("<ChunkStream openai/scripted open, ")
        chunks, _ = await collected(stream)
        assert repr(stream) == f"<ChunkStream openai/scripted ended, {len(chunks)} chunks>"


async def test_a_slow_reader_holds_the_provider_back() -> None:
    piece = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * 60_000 + b'"}}]}\n\n'
    pieces = 64 * 1024 * 1024 // len(piece)
    async with ProviderServer() as server:
        server.script([headers(), role(), *[raw(piece)] * pieces, finish(), done()])
        stream = await opened(server)
        written = [-1, 0]
        while written[-1] != written[-2]:
            await asyncio.sleep(0.3)
            written.append(server.log[0].bytes_written)
        # What the operating system's own buffers hold is more than ours, and neither grows.
        assert written[-1] < 24 * 1024 * 1024
        chunks, _ = await collected(stream)
        assert len(text_of(chunks)) == 60_000 * pieces


async def test_bytes_are_counted_as_they_came() -> None:
    async with ProviderServer() as server:
        server.script(reply("a b c"))
        stream = await opened(server)
        await collected(stream)
        assert stream.bytes > 400

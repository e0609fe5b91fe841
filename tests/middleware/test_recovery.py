"""Taking up an answer that broke off, whichever way: what is taken up, how often, and what its reader is told."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from collections.abc import AsyncIterator
from typing import Any

import pytest

import aiollm
from aiollm import APIError, Client, ModelResponseStream, Outcome, Retry, RetryBudget
from aiollm.middleware.recovery import Recovering, may_be_taken_up
from aiollm.testing import (
    ProviderServer,
    bad_json,
    cut,
    done,
    error_event,
    fin,
    finish,
    reply,
    role,
    rst,
    stall,
    status,
    tokens,
    tool_call,
    usage,
)
from tests.engine.calling import arguments, collected, opened, text_of

BREAKS: dict[str, Any] = {
    "cut": (cut(), aiollm.StreamInterrupted),
    "reset": ([stall(0.05), rst()], aiollm.StreamInterrupted),
    "truncated": (fin(), aiollm.StreamTruncated),
    "stalled": (stall(heartbeat=0.05), aiollm.IdleTimeout),
    "malformed": (bad_json(), aiollm.InvalidChunk),
    "reported": (error_event("overloaded"), aiollm.InternalServerError),
}
breaks = pytest.mark.parametrize(("ending", "error"), BREAKS.values(), ids=BREAKS)


def broken(ending: Any, text: str = "as far as it") -> list[Any]:
    """A script that breaks off after a text."""
    return [role(), tokens(text), *(ending if isinstance(ending, list) else [ending])]


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        yield running


async def recovering(server: ProviderServer, **options: Any) -> aiollm.ChunkStream:
    """A stream from the server under a client of its own: the tests must not share one budget of retries."""
    return await Client(retry=Retry(budget=None)).acompletion(**arguments(server, stream=True, **options))


async def restarted(server: ProviderServer, **options: Any) -> tuple[aiollm.ChunkStream, list[Any], Exception | None]:
    stream = await recovering(server, mid_stream="restart", **options)
    chunks, error = await collected(stream)
    return stream, chunks, error


def marker_of(chunks: list[ModelResponseStream]) -> int:
    """The place of the one marker."""
    (place,) = [place for place, chunk in enumerate(chunks) if chunk.recovery is not None]
    return place


@breaks
async def test_an_answer_that_breaks_off_is_an_error_unless_something_is_said(
    server: ProviderServer, ending: Any, error: type[APIError]
) -> None:
    server.script(broken(ending))
    chunks, raised = await collected(await opened(server, timeout=aiollm.Timeouts(idle=0.5)))
    assert type(raised) is error
    assert raised.partial.choices[0].message.content == text_of(chunks) == "as far as it"
    assert len(server.log) == 1


@breaks
async def test_a_restarted_answer_begins_again_behind_a_marker(
    server: ProviderServer, ending: Any, error: type[APIError]
) -> None:
    server.enqueue(broken(ending), reply("all of it"))
    stream, chunks, raised = await restarted(server, timeout=aiollm.Timeouts(idle=0.5))
    assert raised is None
    place = marker_of(chunks)
    assert (text_of(chunks[:place]), text_of(chunks[place:])) == ("as far as it", "all of it")
    assert chunks[place].recovery == aiollm.Recovery(
        action="restart", attempt=2, provider="openai", model="scripted", error=error.__name__
    )
    assert [(attempt.cause, attempt.ended) for attempt in stream.attempts] == [
        ("first", "failed"),
        ("restart", "complete"),
    ]
    assert type(stream.attempts[0].error) is error


async def test_the_builder_gives_the_new_answer_only(server: ProviderServer) -> None:
    server.enqueue(broken(cut()), reply("all of it", usage={"prompt_tokens": 4, "completion_tokens": 3}))
    stream, chunks, _ = await restarted(server, stream_options={"include_usage": True})
    for form in (chunks, [chunk.model_dump() for chunk in chunks], pickle.loads(pickle.dumps(chunks))):
        response = aiollm.stream_chunk_builder(form)
        assert response.choices[0].message.content == "all of it"
        assert response.id == chunks[-1].id != chunks[0].id
        assert response.usage.total_tokens == 7
    assert (stream.usage.total_tokens, stream.finish_reason) == (7, "stop")


async def test_the_loops_that_users_write_take_the_marker(server: ProviderServer) -> None:
    server.enqueue(broken(cut()), reply("all of it"))
    _, chunks, _ = await restarted(server)
    marker = chunks[marker_of(chunks)]
    assert marker.choices[0].delta.content is None
    assert marker["choices"][0]["delta"].get("content", "") is None
    assert marker.choices[0].finish_reason is None
    assert [*marker.choices] == []
    assert json.loads(marker.model_dump_json())["recovery"]["action"] == "restart"
    assert copy.deepcopy(marker) == marker
    assert all(chunk.recovery is None and "recovery" not in chunk for chunk in chunks if chunk is not marker)


async def test_no_provider_can_write_a_marker(server: ProviderServer) -> None:
    faked = {"id": "x", "choices": [{"index": 0, "delta": {"content": "a"}}], "recovery": {"action": "restart"}}
    server.script([role(), aiollm.testing.event(faked), finish(), done()])
    chunks, _ = await collected(await opened(server))
    assert all(chunk.recovery is None for chunk in chunks)
    assert aiollm.stream_chunk_builder(chunks).choices[0].message.content == "a"


async def test_a_tool_call_in_flight_is_begun_again(server: ProviderServer) -> None:
    call = tool_call("look", '{"at": "the sky"}')
    server.enqueue([role(), tool_call("look", '{"at": "the'), cut()], [role(), call, finish("tool_calls"), done()])
    _, chunks, error = await restarted(server)
    assert error is None
    (called,) = aiollm.stream_chunk_builder(chunks).choices[0].message.tool_calls
    assert called.function.arguments == '{"at": "the sky"}'


async def test_a_tool_call_that_ends_before_its_time_is_begun_again(server: ProviderServer) -> None:
    server.enqueue([role(), tool_call("look", '{"at": "the'), finish("tool_calls"), done()], reply("no need"))
    _, chunks, error = await restarted(server)
    assert error is None
    assert aiollm.stream_chunk_builder(chunks).choices[0].message.content == "no need"


async def test_an_error_in_the_same_read_as_the_content_is_recovered_too(server: ProviderServer) -> None:
    server.enqueue([role(), tokens("a"), error_event("boom")], reply("all of it"))
    stream = await recovering(server, mid_stream="restart")
    chunks, error = await collected(stream)
    assert error is None
    assert text_of(chunks[marker_of(chunks) :]) == "all of it"


async def test_the_new_answer_may_come_from_a_fallback(server: ProviderServer) -> None:
    server.enqueue(broken(cut()), status(503))
    async with ProviderServer() as second:
        second.reply("all of it")
        fallback = {"model": "groq/other", "api_base": second.base_url, "api_key": "sk-other"}
        stream = await recovering(server, mid_stream="restart", fallbacks=[fallback])
        assert (stream.provider, stream.model) == ("openai", "scripted")
        chunks, error = await collected(stream)
    assert error is None
    assert chunks[marker_of(chunks)].recovery.model == "other"
    assert (stream.provider, stream.model) == ("groq", "other")
    assert stream._hidden_params["custom_llm_provider"] == "groq"
    assert [(attempt.cause, attempt.ended) for attempt in stream.attempts] == [
        ("first", "failed"),
        ("restart", "failed"),
        ("fallback", "complete"),
    ]


async def test_an_answer_is_taken_up_once(server: ProviderServer) -> None:
    server.enqueue(broken(cut(), "one"), broken(fin(), "two"))
    _, chunks, error = await restarted(server)
    assert isinstance(error, aiollm.StreamTruncated)
    assert error.partial.choices[0].message.content == "two"
    assert text_of(chunks) == "onetwo"
    assert error.__notes__ == ["the answer was not taken up again: it broke off before"]
    assert [attempt.ended for attempt in error.attempts] == ["failed", "failed"]
    assert len(server.log) == 2


async def test_an_answer_that_breaks_off_twice_is_had_from_a_fallback(server: ProviderServer) -> None:
    server.script(broken(cut()))
    async with ProviderServer() as second:
        second.reply("all of it")
        fallback = {"model": "groq/other", "api_base": second.base_url, "api_key": "sk-other"}
        stream, chunks, error = await restarted(server, fallbacks=[fallback])
    assert error is None
    *_, place = [place for place, chunk in enumerate(chunks) if chunk.recovery is not None]
    assert text_of(chunks[place:]) == "all of it"
    assert [(attempt.cause, attempt.model) for attempt in stream.attempts] == [
        ("first", "scripted"),
        ("restart", "scripted"),
        ("restart", "other"),
    ]


async def test_a_fallback_that_breaks_off_too_is_the_last_that_is_asked(server: ProviderServer) -> None:
    server.script(broken(cut()))
    async with ProviderServer() as second:
        second.script(broken(fin(), "no better"))
        fallback = {"model": "groq/other", "api_base": second.base_url, "api_key": "sk-other"}
        _, _, error = await restarted(server, fallbacks=[fallback])
    assert isinstance(error, aiollm.StreamTruncated)
    assert error.partial.choices[0].message.content == "no better"
    assert error.__notes__ == ["the answer was not taken up again: it broke off before"]
    assert (len(server.log), len(second.log)) == (2, 1)


async def test_who_falls_silent_is_not_waited_for_again_where_another_stands_in(server: ProviderServer) -> None:
    server.script(broken(stall(heartbeat=0.05)))
    async with ProviderServer() as second:
        second.reply("all of it")
        fallback = {"model": "groq/other", "api_base": second.base_url, "api_key": "sk-other"}
        stream, chunks, error = await restarted(server, fallbacks=[fallback], timeout=aiollm.Timeouts(idle=0.5))
    assert error is None
    assert text_of(chunks[marker_of(chunks) :]) == "all of it"
    assert [attempt.model for attempt in stream.attempts] == ["scripted", "other"]


async def test_the_first_error_is_raised_when_there_is_no_new_answer(server: ProviderServer) -> None:
    server.enqueue(broken(cut()), status(401))
    _, _, error = await restarted(server)
    assert isinstance(error, aiollm.StreamInterrupted)
    assert error.partial.choices[0].message.content == "as far as it"
    assert "AuthenticationError" in error.__notes__[0]
    assert [attempt.cause for attempt in error.attempts] == ["first", "restart"]


@pytest.mark.parametrize("code", ["content_filter", "context_length_exceeded", "invalid_request_error"])
async def test_what_the_provider_has_judged_is_not_asked_again(server: ProviderServer, code: str) -> None:
    refusal = {"error": {"message": "no", "type": "invalid_request_error", "code": code}}
    server.script([role(), tokens("a"), error_event(body=refusal)])
    _, _, error = await restarted(server)
    assert isinstance(error, aiollm.BadRequestError)
    assert len(server.log) == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (aiollm.StreamInterrupted("x"), True),
        (aiollm.StreamTruncated("x"), True),
        (aiollm.InvalidChunk("x"), True),
        (aiollm.ToolCallIncomplete("x"), True),
        (aiollm.IdleTimeout("x"), True),
        (aiollm.OverloadedError("x"), True),
        (aiollm.RateLimitError("x"), True),
        (aiollm.RateLimitError("x", retryable=False), False),
        (aiollm.TotalTimeout("x"), False),
        (aiollm.EventTooLarge("x"), False),
        (aiollm.ContentPolicyViolationError("x"), False),
        (aiollm.ContextWindowExceededError("x"), False),
        (aiollm.AuthenticationError("x"), False),
    ],
    ids=repr,
)
def test_what_may_be_taken_up(error: APIError, expected: bool) -> None:
    assert may_be_taken_up(error) is expected


async def test_all_of_it_has_to_happen_in_the_one_total(server: ProviderServer) -> None:
    server.enqueue(broken(cut()), stall())
    timeouts = aiollm.Timeouts(first_token=30, idle=30, total=1.5)
    with aiollm.move_on(total=1.0) as scope:
        stream = await recovering(server, mid_stream="restart", timeout=timeouts)
        chunks = []
        async for chunk in stream:
            chunks.append(chunk)  # noqa: PERF401  # they are counted when time is up
    assert isinstance(scope.error, aiollm.TotalTimeout)
    assert scope.partial.choices[0].message.content == text_of(chunks) == "as far as it"
    await server.wait_for(lambda: server.open_connections == 0)


async def test_the_budget_of_retries_bounds_recoveries(server: ProviderServer) -> None:
    server.script(broken(cut()))
    client = Client(mid_stream="restart", retry=Retry(budget=RetryBudget(share=0.0, reserve=1.0, seconds=1000)))
    errors = []
    for _ in range(2):
        stream = await client.acompletion(**arguments(server, stream=True))
        errors.append((await collected(stream))[1])
    assert len(server.log) == 3
    assert "its retry budget is spent" in errors[1].__notes__[0]


async def test_a_call_goes_before_its_client(server: ProviderServer) -> None:
    server.enqueue(broken(cut()), reply("all of it"))
    client = Client(mid_stream="restart")
    _, error = await collected(await client.acompletion(**arguments(server, stream=True, mid_stream="never")))
    assert isinstance(error, aiollm.StreamInterrupted)
    server.enqueue(broken(cut()))
    server.reply("all of it")
    _, error = await collected(await client.acompletion(**arguments(server, stream=True)))
    assert error is None


async def test_a_word_that_is_none_is_refused(server: ProviderServer) -> None:
    with pytest.raises(aiollm.BadRequestError, match="mid_stream must be one of 'never', 'restart', 'continue'"):
        await opened(server, mid_stream="always")
    with pytest.raises(ValueError, match="mid_stream must be one of 'never', 'restart', 'continue'"):
        Recovering("always")  # type: ignore[arg-type]
    assert server.log == []


async def test_events_are_never_taken_up(server: ProviderServer) -> None:
    server.script([role(), tokens("a"), cut()], path="/v1/responses")
    client = Client(mid_stream="restart")
    stream = await client.aresponses("hi", "openai/scripted", api_base=server.base_url, api_key="sk-0", stream=True)
    with pytest.raises(aiollm.StreamInterrupted):
        async for _ in stream:
            pass
    assert len(server.log) == 1


async def test_listeners_hear_once_of_the_whole(server: ProviderServer) -> None:
    outcomes: list[Outcome] = []
    server.enqueue(broken(cut()), [role(), tokens("b c"), finish(), usage(5, 2), done()])
    stream = await recovering(server, mid_stream="restart")
    stream.on_close(outcomes.append)
    chunks, _ = await collected(stream)
    (outcome,) = outcomes
    assert (outcome.ended, outcome.error, outcome.chunks) == ("complete", None, len(chunks))
    assert outcome.usage.total_tokens == 7
    assert outcome.elapsed >= outcome.first_token == stream.attempts[0].first_token
    assert stream.bytes > 800


async def test_reading_on_another_loop_is_refused(server: ProviderServer) -> None:
    server.enqueue([role(), tokens("a"), stall()])
    stream = await recovering(server, mid_stream="restart")
    await stream.next_batch()

    async def elsewhere() -> None:
        await anext(stream)

    with pytest.raises(aiollm.WrongLoopError, match="another event loop"):
        await asyncio.to_thread(asyncio.run, elsewhere())
    assert not stream.closed
    await stream.aclose()


async def test_what_cannot_break_any_more_is_left_as_it_is(server: ProviderServer) -> None:
    server.reply("all of it")
    client = Client(mid_stream="restart")
    response = await client.acompletion(**arguments(server))
    assert response.choices[0].message.content == "all of it"
    stream = await client.acompletion(**arguments(server, stream=True, mock_response="made up"))
    assert stream.response.choices[0].message.content == "made up"
    assert text_of((await collected(stream))[0]) == "made up"


async def test_nothing_changes_for_an_answer_that_does_not_break(server: ProviderServer) -> None:
    server.script([role(), tokens("a b c", gap=0.01), finish(), usage(), done()])
    plain, _ = await collected(await opened(server, stream_options={"include_usage": True}))
    stream, chunks, error = await restarted(server, stream_options={"include_usage": True})
    assert error is None
    assert [chunk.model_copy(update={"id": plain[0].id}) for chunk in chunks] == plain
    assert stream.closed
    assert len(stream.attempts) == 1

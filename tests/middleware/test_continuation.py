"""Going on with an answer that broke off: where that is done, where it is not, and what its reader gets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import aiollm
from aiollm import APIError, Choices, Message, ModelResponse
from aiollm.middleware.recovery import why_not_continued
from aiollm.testing import (
    ProviderServer,
    cut,
    done,
    fin,
    finish,
    reasoning,
    reply,
    role,
    stall,
    status,
    tokens,
    tool_call,
    usage,
)
from aiollm.types.request import Request
from tests.engine.calling import MESSAGES, collected, text_of
from tests.middleware.test_recovery import breaks, broken, marker_of, recovering

MODEL = "mistral/scripted"


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        yield running


async def continued(server: ProviderServer, **options: Any) -> tuple[aiollm.ChunkStream, list[Any], Exception | None]:
    stream = await recovering(server, **({"model": MODEL, "mid_stream": "continue"} | options))
    chunks, error = await collected(stream)
    return stream, chunks, error


@breaks
async def test_a_continued_answer_goes_on_behind_a_marker(
    server: ProviderServer, ending: Any, error: type[APIError]
) -> None:
    server.enqueue(broken(ending), reply(" goes."))
    stream, chunks, raised = await continued(server, timeout=aiollm.Timeouts(idle=0.5))
    assert raised is None
    place = marker_of(chunks)
    assert (text_of(chunks[:place]), text_of(chunks[place:])) == ("as far as it", " goes.")
    assert chunks[place].recovery == aiollm.Recovery(
        action="continue", attempt=2, provider="mistral", model="scripted", error=error.__name__
    )
    assert len({(chunk.id, chunk.created) for chunk in chunks}) == 1
    assert [chunk.choices[0].delta.role for chunk in chunks if chunk.choices[0].delta.role] == ["assistant"]
    assert [attempt.cause for attempt in stream.attempts] == ["first", "continue"]
    assert aiollm.stream_chunk_builder(chunks).choices[0].message.content == "as far as it goes."
    assert server.log[1].json["messages"] == [
        *MESSAGES,
        {"role": "assistant", "content": "as far as it", "prefix": True},
    ]


async def test_what_the_model_says_again_is_taken_off(server: ProviderServer) -> None:
    server.enqueue(broken(cut(), "As far as it goes, "), reply("As far as it goes, it is well."))
    _, chunks, _ = await continued(server)
    assert text_of(chunks) == "As far as it goes, it is well."
    assert server.log[1].json["messages"][-1]["content"] == "As far as it goes,"


async def test_the_counts_of_both_halves_add_up(server: ProviderServer) -> None:
    first = [role(), tokens("as far"), usage(5, 2), cut()]
    server.enqueue(first, [role(), tokens(" as it goes"), finish(), usage(7, 3), done()])
    options = {"model": "hosted_vllm/scripted", "stream_options": {"include_usage": True}}
    stream, chunks, _ = await continued(server, **options)
    for told in (stream.usage, chunks[-1].usage, aiollm.stream_chunk_builder(chunks).usage):
        assert (told.prompt_tokens, told.completion_tokens, told.total_tokens) == (12, 5, 17)
        assert [part.total_tokens for part in told["parts"]] == [7, 10]
    assert [attempt.usage.total_tokens for attempt in stream.attempts] == [7, 10]


async def test_a_half_that_was_not_counted_is_said_to_be_missing(server: ProviderServer) -> None:
    server.enqueue(broken(cut()), [role(), tokens(" goes"), finish(), usage(7, 3), done()])
    stream, _, _ = await continued(server)
    assert stream.usage.total_tokens == 10
    assert stream.usage["parts"][0] is None


async def test_an_answer_that_ends_without_a_finish_reason_loses_nothing(server: ProviderServer) -> None:
    server.enqueue(broken(cut(), "a text that is long enough"), [role(), tokens("that is"), done()])
    stream, chunks, error = await continued(server)
    assert error is None
    assert text_of(chunks) == "a text that is long enoughthat is"
    assert stream.finish_inferred


async def test_the_partial_of_the_second_half_has_both(server: ProviderServer) -> None:
    server.enqueue(broken(cut()), broken(fin(), " goes"))
    _, chunks, error = await continued(server)
    assert isinstance(error, aiollm.StreamTruncated)
    assert error.partial.choices[0].message.content == text_of(chunks) == "as far as it goes"
    assert "it broke off before" in error.__notes__[0]


@pytest.mark.parametrize(
    "begun",
    [
        tool_call("look", '{"at": "the sky"}'),
        [tokens("let me see"), tool_call("look", '{"at": "the')],
        reasoning("hm"),
        [reasoning("hm"), tokens("well")],
        tokens(" "),
    ],
    ids=["tool call", "text and tool call", "reasoning", "reasoning and text", "white space"],
)
async def test_what_is_not_a_plain_text_is_not_gone_on_with(server: ProviderServer, begun: Any) -> None:
    server.script([role(), *(begun if isinstance(begun, list) else [begun]), cut()])
    _, _, error = await continued(server)
    assert isinstance(error, aiollm.StreamInterrupted)
    assert error.partial is not None
    assert error.__notes__[0].startswith("the answer was not taken up again: ")
    assert len(server.log) == 1


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({}, None),
        ({"n": 1, "logprobs": False, "tool_choice": "auto", "response_format": {"type": "text"}}, None),
        ({"tools": [{"type": "function", "function": {"name": "look"}}]}, None),
        ({"n": 2}, "n asks for more than a plain text"),
        ({"logprobs": True}, "logprobs asks for more than a plain text"),
        ({"top_logprobs": 3}, "top_logprobs asks for more than a plain text"),
        ({"modalities": ["text", "audio"]}, "modalities asks for more than a plain text"),
        ({"audio": {"voice": "alloy"}}, "audio asks for more than a plain text"),
        ({"response_format": {"type": "json_object"}}, "response_format asks for more than a plain text"),
        ({"tool_choice": "required"}, "tool_choice asks for more than a plain text"),
        ({"tool_choice": {"type": "function"}}, "tool_choice asks for more than a plain text"),
    ],
    ids=lambda value: next(iter(value), "plain") if isinstance(value, dict) else "",
)
def test_what_the_request_says_about_it(params: dict[str, Any], why: str | None) -> None:
    request = Request(model="x", messages=MESSAGES, params=params)
    assert why_not_continued(request, _answer(content="a")) == why


@pytest.mark.parametrize(
    ("partial", "why"),
    [
        (None, "there is no text yet"),
        (ModelResponse(), "there is no text yet"),
        ({"content": "a", "refusal": "no"}, "it has refusal"),
        ({"content": "a", "thinking_blocks": [{"type": "thinking"}]}, "it has thinking_blocks"),
        ({"content": "a", "annotations": [{"type": "url_citation"}]}, "it has annotations"),
        ({"content": None, "audio": {"id": "x"}}, "it has audio"),
    ],
    ids=repr,
)
def test_what_the_answer_so_far_says_about_it(partial: Any, why: str) -> None:
    partial = _answer(**partial) if isinstance(partial, dict) else partial
    assert why_not_continued(Request(model="x", messages=MESSAGES), partial) == why


def test_a_prompt_that_ends_with_a_beginning_of_the_callers_own_is_not_gone_on_with() -> None:
    messages = [*MESSAGES, {"role": "assistant", "content": "Once"}]
    assert "itself ends with" in (why_not_continued(Request(model="x", messages=messages), _answer(content="a")) or "")


def _answer(**message: Any) -> ModelResponse:
    return ModelResponse(choices=[Choices(message=Message(**message))])


async def test_a_model_that_is_not_known_to_go_on_is_not_asked(server: ProviderServer) -> None:
    server.script(broken(cut()))
    _, _, error = await continued(server, model="openai/scripted")
    assert isinstance(error, aiollm.StreamInterrupted)
    assert "openai is not known to go on with an answer of scripted" in error.__notes__[0]
    assert len(error.attempts) == len(server.log) == 1


async def test_a_prefill_that_is_refused_leaves_the_first_error(server: ProviderServer) -> None:
    refusal = {"error": {"message": "Prefilling is not supported", "type": "invalid_request_error"}}
    server.enqueue(broken(cut()), status(400, body=refusal))
    _, _, error = await continued(server)
    assert isinstance(error, aiollm.StreamInterrupted)
    assert error.partial.choices[0].message.content == "as far as it"
    assert "BadRequestError" in error.__notes__[0]
    assert [(attempt.cause, attempt.ended) for attempt in error.attempts] == [
        ("first", "failed"),
        ("continue", "failed"),
    ]
    assert len(server.log) == 2


async def test_another_model_may_go_on_where_the_first_cannot(server: ProviderServer) -> None:
    server.script(broken(cut()))
    async with ProviderServer() as second:
        second.reply(" goes.")
        fallback = {"model": MODEL, "api_base": second.base_url, "api_key": "sk-other"}
        stream, chunks, error = await continued(server, model="openai/first", fallbacks=[fallback])
        assert second.log[0].json["messages"][-1]["content"] == "as far as it"
    assert error is None
    assert text_of(chunks) == "as far as it goes."
    assert (stream.provider, chunks[marker_of(chunks)].recovery.provider) == ("mistral", "mistral")
    assert [attempt.cause for attempt in stream.attempts] == ["first", "fallback"]
    assert len(server.log) == 1


async def test_the_rest_may_come_as_a_whole(server: ProviderServer) -> None:
    whole = {
        "id": "w",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "as far as it goes."}}
        ],
    }
    server.enqueue(broken(cut()), status(200, body=whole))
    stream, chunks, error = await continued(server)
    assert error is None
    assert text_of(chunks) == stream.response.choices[0].message.content == "as far as it goes."


async def test_claude_goes_on_up_to_the_version_that_does() -> None:
    async with ProviderServer() as server:
        for model, answers in (("claude-haiku-4-5", 2), ("claude-opus-4-6", 1)):
            server.enqueue(broken(cut()), *[reply(" goes.")] * (answers - 1), path="/v1/messages")
            _, chunks, error = await continued(server, model=f"anthropic/{model}", api_base=server.url)
            assert (text_of(chunks), error is None) == ("as far as it" + " goes." * (answers - 1), answers == 2)
            assert len(server.log) == answers
            server.log.clear()


async def test_a_fallback_goes_on_with_what_broke_off_twice(server: ProviderServer) -> None:
    server.enqueue([role(), tokens("one "), cut()], [tokens("two "), cut()])
    async with ProviderServer() as second:
        second.reply("three.")
        fallback = {"model": "mistral/other", "api_base": second.base_url, "api_key": "sk-other"}
        stream, chunks, error = await continued(server, fallbacks=[fallback])
        (request,) = second.log
    assert error is None
    assert text_of(chunks) == "one two three."
    assert request.json["messages"][-1] == {"role": "assistant", "content": "one two", "prefix": True}
    assert [(attempt.cause, attempt.model) for attempt in stream.attempts] == [
        ("first", "scripted"),
        ("continue", "scripted"),
        ("continue", "other"),
    ]


async def test_who_fell_silent_goes_on_when_no_fallback_can(server: ProviderServer) -> None:
    server.enqueue(broken(stall(heartbeat=0.05)), reply(" goes."))
    fallback = {"model": "groq/other", "api_key": "sk-other"}
    stream, chunks, error = await continued(server, fallbacks=[fallback], timeout=aiollm.Timeouts(idle=0.5))
    assert error is None
    assert text_of(chunks) == "as far as it goes."
    assert [attempt.model for attempt in stream.attempts] == ["scripted", "scripted"]

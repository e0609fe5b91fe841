"""Whatever wire format a provider speaks, its answers read the same and end the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

import aiollm
from aiollm.testing import (
    ProviderServer,
    Steps,
    cut,
    done,
    error_event,
    fin,
    finish,
    reasoning,
    reply,
    role,
    rst,
    stall,
    tokens,
    tool_call,
    usage,
)
from tests.engine.calling import MESSAGES, collected, text_of

_AWS = {
    "aws_access_key_id": "AKIA0123456789",
    "aws_secret_access_key": "secret-0123456789",
    "aws_region_name": "eu-west-1",
}

# Who is called: one provider for each wire format, and for each way that a format is wrapped.
CALLS: dict[str, dict[str, Any]] = {
    "anthropic": {"model": "anthropic/claude-sonnet-4-5"},
    "anthropic, Azure": {"model": "azure_ai/claude-sonnet-4-5"},
    "anthropic, Bedrock": {"model": "bedrock/invoke/anthropic.claude-sonnet-4-5-20250929-v1:0", **_AWS},
    "anthropic, Vertex AI": {"model": "vertex_ai/claude-sonnet-4-5", "vertex_project": "p"},
    "cohere": {"model": "cohere/command-a"},
    "converse": {"model": "bedrock/amazon.nova-pro-v1:0", **_AWS},
    "gemini": {"model": "gemini/gemini-2.5-flash"},
    "gemini, Vertex AI": {"model": "vertex_ai/gemini-2.5-flash", "vertex_project": "p"},
    "ollama": {"model": "ollama_chat/llama3"},
    "openai": {"model": "openai/gpt-4o"},
    "openai, Azure": {"model": "azure/deployed"},
    "openai, Mistral": {"model": "mistral/mistral-small"},
    "openai, watsonx": {"model": "watsonx/m", "watsonx_token": "token-0123456789"},
    "responses": {"model": "openai/responses/gpt-5"},
}
WITHOUT_ERROR_CODES = ("cohere", "ollama")  # their errors in mid-stream name no kind
ERROR_CODES: dict[str, Any] = {"converse": "throttlingException"}  # others say 429, or the type

TEXT = "a text of some words"
COUNTS = usage(5, 7)
every_dialect = pytest.mark.parametrize("name", CALLS)


async def ask(server: ProviderServer, name: str, **options: Any) -> Any:
    signed = (
        {} if "watsonx_token" in CALLS[name] or "aws_access_key_id" in CALLS[name] else {"api_key": "key-0123456789"}
    )
    call = {"messages": MESSAGES, "api_base": server.url, **signed, **CALLS[name], **options}
    return await aiollm.acompletion(**call)


async def streamed(name: str, script: Steps, **options: Any) -> tuple[list[Any], Any, Any]:
    """The chunks of a stream, the error that it ended with, and the stream."""
    async with ProviderServer() as server:
        server.script(script)
        stream = await ask(server, name, stream=True, **options)
        chunks, error = await collected(stream)
    return chunks, error, stream


def facts(answer: Any) -> dict[str, Any]:
    """What an answer says."""
    choice = answer.choices[0]
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls or ()]
    spoken = {"text": choice.message.content, "thought": choice.message.reasoning_content, "calls": calls}
    return {**spoken, "finish": choice.finish_reason, "tokens": answer.usage and answer.usage.total_tokens}


@every_dialect
@pytest.mark.parametrize("called", [{}, {"weather": {"city": "Paris"}, "time": {}}])
async def test_a_whole_and_a_streamed_answer_say_the_same(name: str, called: dict[str, Any]) -> None:
    reason = "tool_calls" if called else "stop"
    calls = [{"name": tool, "arguments": arguments} for tool, arguments in called.items()]
    steps = [
        tool_call(call["name"], json.dumps(call["arguments"]), id=f"call_{position}", index=position)
        for position, call in enumerate(calls)
    ]
    expected = {
        "text": TEXT,
        "thought": "think first",
        "calls": list(called.items()),
        "finish": reason,
        "tokens": 12,
    }
    script = [role(), reasoning("think first"), tokens(TEXT), *steps, finish(reason), COUNTS, done()]
    chunks, error, _ = await streamed(name, script, stream_options={"include_usage": True})
    assert error is None
    assert facts(aiollm.stream_chunk_builder(chunks, messages=MESSAGES)) == expected
    async with ProviderServer() as server:
        counts = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
        server.script(reply(TEXT, reasoning="think first", usage=counts, tool_calls=calls))
        assert facts(await ask(server, name)) == expected


@every_dialect
async def test_chunks_have_the_same_form(name: str) -> None:
    script = [role(), reasoning("think first"), tokens(TEXT), tool_call("weather", '{"city": "Paris"}')]
    chunks, error, stream = await streamed(name, [*script, finish("tool_calls"), usage(), done()])
    assert error is None
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert [choice.delta.role for choice in choices] == ["assistant", *[None] * (len(choices) - 1)]
    assert [choice.finish_reason for choice in choices] == [*[None] * (len(choices) - 1), "tool_calls"]
    assert not choices[-1].delta.content
    opened = [call for choice in choices for call in choice.delta.tool_calls or ()]
    assert {call.index for call in opened} == {0}
    assert (bool(opened[0].id), opened[0].type, [call.id for call in opened[1:] if call.id]) == (True, "function", [])
    assert stream.finish_reason == "tool_calls"


@every_dialect
async def test_usage_is_told_at_the_end_and_only_when_asked_for(name: str) -> None:
    script = [role(), tokens(TEXT), finish(), COUNTS, done()]
    asked, _, stream = await streamed(name, script, stream_options={"include_usage": True})
    assert (asked[-1].choices, asked[-1].usage.total_tokens) == ([], 12)
    assert [chunk for chunk in asked[:-1] if chunk.usage] == []
    assert stream.usage.total_tokens == 12
    unasked, _, stream = await streamed(name, script)
    assert [chunk for chunk in unasked if chunk.usage or not chunk.choices] == []
    assert stream.usage is None or stream.usage.total_tokens == 12


@every_dialect
@pytest.mark.parametrize(
    ("ending", "kind"),
    [(fin, aiollm.StreamTruncated), (cut, aiollm.StreamInterrupted), (rst, aiollm.StreamInterrupted)],
)
async def test_an_answer_cut_in_the_middle_is_no_answer(name: str, ending: Any, kind: type[Exception]) -> None:
    outcomes: list[Any] = []
    async with ProviderServer() as server:
        server.script([role(), reasoning("hm"), tokens(TEXT), stall(0.05), ending()])
        stream = await ask(server, name, stream=True)
        stream.on_close(outcomes.append)
        chunks, error = await collected(stream)
    assert type(error) is kind
    assert text_of(chunks) == TEXT
    message = error.partial.choices[0].message
    assert (message.content, message.reasoning_content) == (TEXT, "hm")
    assert error.partial.choices[0].finish_reason is None
    assert error.llm_provider == CALLS[name]["model"].partition("/")[0]
    assert error.phase == "stream"
    assert [(outcome.ended, outcome.error, outcome.chunks) for outcome in outcomes] == [("failed", error, len(chunks))]


@every_dialect
async def test_a_tool_call_that_is_cut_is_no_answer(name: str) -> None:
    script = [role(), tokens(TEXT), tool_call("weather", '{"city": "Paris"}'), stall(0.05), fin()]
    _, error, _ = await streamed(name, script)
    assert type(error) is aiollm.StreamTruncated
    assert error.partial.choices[0].message.content == TEXT


@every_dialect
async def test_an_error_in_mid_stream_comes_behind_what_was_said(name: str) -> None:
    code = ERROR_CODES.get(name, 429)
    script = [role(), tokens(TEXT), error_event("too much", type="rate_limit_error", code=code), fin()]
    chunks, error, _ = await streamed(name, script)
    expected = aiollm.InternalServerError if name in WITHOUT_ERROR_CODES else aiollm.RateLimitError
    assert type(error) is expected
    assert "too much" in str(error)
    assert text_of(chunks) == TEXT
    assert error.partial.choices[0].message.content == TEXT
    assert error.phase == "stream"


@every_dialect
async def test_an_error_before_the_first_word_is_raised_by_the_call(name: str) -> None:
    async with ProviderServer() as server:
        server.script([role(), error_event("too much", type="rate_limit_error", code=429), fin()])
        with pytest.raises(aiollm.APIError, match="too much") as caught:
            await ask(server, name, stream=True)
    assert (caught.value.phase, caught.value.partial) == ("first_token", None)


ODD_REQUESTS: dict[str, dict[str, Any]] = {
    "a schema that is not there": {"response_format": {"type": "json_schema"}},
    "a schema that is a number": {"response_format": {"type": "json_schema", "json_schema": 7}},
    "a tool without a function": {"tools": [{"type": "function"}]},
    "a part that is a number": {"messages": [{"role": "user", "content": [7]}]},
    "an image that is not there": {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
    "a call that is a number": {"messages": [*MESSAGES, {"role": "assistant", "tool_calls": [7]}]},
    "a call without a function": {"messages": [*MESSAGES, {"role": "assistant", "tool_calls": [{"id": "c"}]}]},
    "a result without a call": {"messages": [*MESSAGES, {"role": "tool", "content": "x"}]},
    "an effort that nobody knows": {"reasoning_effort": "banana"},
}


@every_dialect
@pytest.mark.parametrize("odd", ODD_REQUESTS)
async def test_a_request_that_cannot_be_written_is_a_bad_request(name: str, odd: str) -> None:
    async with ProviderServer() as server:
        server.script(reply(TEXT))
        error = await refused(ask(server, name, **ODD_REQUESTS[odd]))
    if error is None:
        assert len(server.log) == 1  # it is left to the provider, which knows best
    else:
        assert (error.llm_provider, error.phase) == (CALLS[name]["model"].partition("/")[0], "request")
        assert server.log == []


async def refused(asking: Any) -> aiollm.BadRequestError | None:
    """The refusal of a request that was not sent, or None."""
    try:
        await asking
    except aiollm.BadRequestError as error:
        return error
    return None


@every_dialect
async def test_leaving_the_loop_closes_the_connection(name: str) -> None:
    outcomes: list[Any] = []
    async with ProviderServer() as server:
        server.script([role(), tokens(TEXT), stall()])
        stream = await ask(server, name, stream=True)
        stream.on_close(outcomes.append)
        async for _ in stream:
            break
        await server.wait_for_disconnect(0)
    assert [outcome.ended for outcome in outcomes] == ["closed"]

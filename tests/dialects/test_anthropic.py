"""Requests to Claude, whole answers, and errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.anthropic import Anthropic
from aiollm.dialects.table import dialect_of
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.wire.http import ReplyHead
from aiollm.wire.ndjson import NDJSONFramer
from aiollm.wire.sse import SSEFramer
from tests.dialects.reading import NOW, decode, endpoint, request

CLAUDE = Anthropic()
HELLO = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
VERSION = {"anthropic-version": "2023-06-01"}
FORMAT = {"type": "json_schema", "json_schema": {"schema": {"type": "object", "properties": {"a": {}}}}}


def encoded(dialect: Anthropic = CLAUDE, row: dict[str, Any] | None = None, **asked: Any) -> Any:
    values = {"model": "claude-haiku-4-5", "known": OPENAI_PARAMS, **asked}
    return dialect.encode(request(**values), endpoint(headers=VERSION, **row or {}))


def body(dialect: Anthropic = CLAUDE, **asked: Any) -> dict[str, Any]:
    sent = json.loads(encoded(dialect, **asked).body)
    assert isinstance(sent, dict)
    return sent


def message(*blocks: dict[str, Any], **more: Any) -> bytes:
    whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "end_turn"}
    usage = {"input_tokens": 3, "output_tokens": 4}
    return json.dumps({**whole, "usage": usage, "content": blocks, **more}).encode()


def read(*blocks: dict[str, Any], params: dict[str, Any] | None = None, **more: Any) -> Any:
    return decode(message(*blocks, **more), dialect=CLAUDE, params=params or {}, model="claude-3-haiku-20240307")


# -- requests


def test_it_is_in_the_table() -> None:
    assert isinstance(dialect_of("anthropic"), Anthropic)
    assert isinstance(dialect_of("anthropic_foundry"), Anthropic)


def test_a_request_names_the_model_and_the_length() -> None:
    sent = encoded(stream=False)
    assert json.loads(sent.body) == {"model": "claude-haiku-4-5", "messages": HELLO, "max_tokens": 64_000}
    assert sent.headers == {"Content-Type": "application/json", "Accept": "application/json", **VERSION}
    assert sent.url == endpoint().url


def test_a_stream_is_asked_for() -> None:
    assert body()["stream"] is True
    assert encoded().headers["Accept"] == "text/event-stream"
    assert isinstance(CLAUDE.framer(), SSEFramer)


def test_the_system_prompt_stands_apart() -> None:
    system = {"role": "system", "content": [{"type": "text", "text": "A", "cache_control": {"type": "ephemeral"}}]}
    sent = body(messages=[system, {"role": "user", "content": "Hello"}], params={"system": "B"})
    assert sent["system"] == [*system["content"], {"type": "text", "text": "B"}]
    assert sent["messages"] == HELLO


def test_the_users_id_among_the_notes_is_sent_and_no_other_note() -> None:
    assert body(metadata={"user_id": "u1", "trace": "t"})["metadata"] == {"user_id": "u1"}
    assert "metadata" not in body(metadata={"trace": "t"})


@pytest.mark.parametrize("name", ["seed", "logprobs", "frequency_penalty"])
def test_a_parameter_that_the_row_refuses_is_named(name: str) -> None:
    row = {"unsupported": frozenset({name})}
    with pytest.raises(e.UnsupportedParamsError, match=name):
        encoded(row=row, params={name: 1})
    assert name not in json.loads(encoded(row=row, params={name: 1}, drop_params=True).body)


@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("claude-opus-5", {"temperature": 0.5}),
        ("claude-opus-4-7", {"top_p": 0.5}),
        ("claude-3-5-haiku-20241022", {"reasoning_effort": "low"}),
    ],
)
def test_a_parameter_that_the_model_refuses_is_named(model: str, params: dict[str, Any]) -> None:
    (name,) = params
    with pytest.raises(e.UnsupportedParamsError, match=name) as caught:
        encoded(model=model, params=params)
    assert caught.value.param == name
    assert name not in body(model=model, params=params, drop_params=True)
    assert body(model="claude-sonnet-4-5", params=params)


def test_the_usual_temperature_is_no_parameter_of_sampling() -> None:
    assert body(model="claude-opus-5", params={"temperature": 1})["temperature"] == 1


def test_a_version_without_sampling_refuses_it_of_every_model() -> None:
    with pytest.raises(e.UnsupportedParamsError, match="temperature"):
        encoded(params={"temperature": 0}, extra_headers={"Anthropic-Version": "2026-10-21"})


def test_previews_are_named_in_a_header() -> None:
    file = {"type": "file", "file": {"file_id": "file_1"}}
    messages = [{"role": "user", "content": [file]}]
    params = {"betas": ["a", "b"], "context_management": {"edits": []}}
    sent = encoded(messages=messages, params=params)
    assert sent.headers["anthropic-beta"] == "a,b,context-management-2025-06-27,files-api-2025-04-14"
    assert "betas" not in json.loads(sent.body)
    assert "anthropic-beta" not in encoded().headers


def test_calls_in_the_history_have_their_tools_defined() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
    ]
    sent = body(messages=messages)
    assert sent["tools"] == [{"name": "f", "input_schema": {"type": "object"}}]
    assert sent["tool_choice"] == {"type": "none"}


def test_a_member_of_another_type_is_the_callers_fault() -> None:
    with pytest.raises(e.BadRequestError, match="another type") as caught:
        encoded(params={"tools": [3]})
    assert not isinstance(caught.value, e.UnsupportedParamsError)


# -- other hosts


def test_a_cloud_may_have_the_model_in_its_url_and_the_version_in_the_body() -> None:
    vertex = Anthropic(body={"anthropic_version": "vertex-2023-10-16"}, left_out=frozenset({"model"}))
    sent = body(vertex)
    assert sent == {"anthropic_version": "vertex-2023-10-16", "messages": HELLO, "max_tokens": 64_000, "stream": True}


def test_a_cloud_may_have_frames_of_its_own_and_previews_in_the_body() -> None:
    bedrock = Anthropic(
        framer=NDJSONFramer,
        body={"anthropic_version": "bedrock-2023-05-31"},
        left_out=frozenset({"model", "stream"}),
        betas_in_body=True,
    )
    sent = encoded(bedrock, params={"anthropic_beta": ["a"]})
    assert json.loads(sent.body) == {
        "anthropic_version": "bedrock-2023-05-31",
        "messages": HELLO,
        "max_tokens": 64_000,
        "anthropic_beta": ["a"],
    }
    assert "anthropic-beta" not in sent.headers
    assert isinstance(bedrock.framer(), NDJSONFramer)


def test_a_host_without_schemas_is_asked_by_a_tool() -> None:
    assert "output_config" in body(params={"response_format": FORMAT})
    assert "output_config" not in body(Anthropic(schemas=False), params={"response_format": FORMAT})


# -- whole answers


def test_a_whole_answer_is_read() -> None:
    response = read({"type": "text", "text": "Hi"})
    assert (response.id, response.created, response.model) == ("msg_1", NOW, "claude-3-haiku-20240307")
    assert response.choices[0].message.content == "Hi"
    assert response.choices[0].finish_reason == "stop"
    assert response.choices[0].native_finish_reason == "end_turn"
    assert response.usage.total_tokens == 7


def test_thinking_and_calls_are_where_openai_has_them() -> None:
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    call = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}
    message = read(thinking, {"type": "text", "text": "A"}, call, stop_reason="tool_use").choices[0].message
    assert (message.reasoning_content, message.thinking_blocks) == ("Hm.", [thinking])
    assert [(call.id, call.function.arguments) for call in message.tool_calls] == [("t1", '{"a":1}')]
    assert message.provider_specific_fields is None


def test_the_calls_of_the_server_are_no_tool_calls() -> None:
    search = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"url": "https://h"}]}
    cited = {"type": "web_search_result_location", "url": "https://h", "title": "H", "cited_text": "x"}
    texts = [{"type": "text", "text": "So: "}, {"type": "text", "text": "Höhe 3", "citations": [cited]}]
    choice = read(texts[0], search, found, texts[1]).choices[0]
    fields = choice.message.provider_specific_fields
    assert (choice.finish_reason, choice.message.tool_calls) == ("stop", None)
    assert (fields["server_tool_calls"], fields["web_search_results"]) == ([search], [found])
    assert fields["citations"] == [[cited]]
    assert fields["content_blocks"] == [texts[0], search, found, texts[1]]
    place = {"url": "https://h", "title": "H", "start_index": 4, "end_index": 10}
    assert choice.message.annotations == [{"type": "url_citation", "url_citation": place}]


def test_an_answer_by_the_tool_is_text() -> None:
    call = {"type": "tool_use", "id": "t1", "name": "json_tool_call", "input": {"a": 1}}
    choice = read(call, stop_reason="tool_use", params={"response_format": FORMAT}).choices[0]
    assert (choice.message.content, choice.message.tool_calls, choice.finish_reason) == ('{"a":1}', None, "stop")


@pytest.mark.parametrize(
    ("native", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "length"),
        ("refusal", "content_filter"),
        ("of_tomorrow", "stop"),
    ],
)
def test_the_reason_of_the_end_has_openais_name(native: str, finish: str) -> None:
    assert read({"type": "text", "text": "A"}, stop_reason=native).choices[0].finish_reason == finish


def test_an_answer_without_a_block_is_an_empty_one() -> None:
    choice = read(stop_reason="end_turn").choices[0]
    assert (choice.message.content, choice.finish_reason) == ("", "stop")


@pytest.mark.parametrize(
    "whole", [b"", b"<html>", b"[]", b"{}", b'{"type":"message"}', b'{"type":"message","content":[3]}']
)
def test_a_body_that_is_no_answer_is_refused(whole: bytes) -> None:
    with pytest.raises(e.APIError):
        decode(whole, dialect=CLAUDE)


# -- errors


def error(status: int, reported: Any, **headers: str) -> e.APIError:
    written = reported if isinstance(reported, bytes) else json.dumps(reported).encode()
    return CLAUDE.error(ReplyHead(status, headers), written, request(), endpoint())


@pytest.mark.parametrize(
    ("status", "kind", "words", "expected"),
    [
        (400, "invalid_request_error", "messages: required", e.BadRequestError),
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000", e.ContextWindowExceededError),
        (400, "invalid_request_error", "Output blocked by content filtering policy", e.ContentPolicyViolationError),
        (401, "authentication_error", "invalid x-api-key", e.AuthenticationError),
        (402, "billing_error", "no credit", e.BadRequestError),
        (403, "permission_error", "no", e.PermissionDeniedError),
        (404, "not_found_error", "model: x", e.NotFoundError),
        (413, "request_too_large", "too large", e.BadRequestError),
        (429, "rate_limit_error", "slow down", e.RateLimitError),
        (500, "api_error", "oh", e.InternalServerError),
        (504, "timeout_error", "late", e.Timeout),
        (529, "overloaded_error", "Overloaded", e.OverloadedError),
    ],
)
def test_an_error_has_the_class_of_its_kind(status: int, kind: str, words: str, expected: type) -> None:
    reported = {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}
    found = error(status, reported)
    assert type(found) is expected
    assert (found.status_code, found.type, found.request_id) == (status, kind, "req_1")
    assert found.message == f"acme answered {status}: {words}"


def test_the_header_names_the_request_and_the_wait() -> None:
    found = error(429, {"error": {"type": "rate_limit_error"}}, **{"request-id": "req_2", "retry-after": "27"})
    assert (found.request_id, found.retry_after, found.retryable) == ("req_2", 27.0, True)


def test_an_error_that_is_no_json_is_quoted() -> None:
    found = error(503, b"upstream connect error")
    assert type(found) is e.ServiceUnavailableError
    assert "upstream connect error" in str(found)

"""Ollama's lines, and what becomes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.ollama import Ollama
from tests.dialects.reading import MODEL, Reading, decode, read, tool_calls

OLLAMA = Ollama()
WHEN = "2026-11-21T08:01:52.724399387Z"
SECONDS = 1795248112
LAST = {"done_reason": "stop", "prompt_eval_count": 3, "eval_count": 2, "total_duration": 99}


def line(content: str = "", done: bool = False, thinking: str = "", **members: Any) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if thinking:
        message["thinking"] = thinking
    if calls := members.pop("tool_calls", None):
        message["tool_calls"] = calls
    return {"model": "served", "created_at": WHEN, "message": message, "done": done, **members}


def stream(*lines: dict[str, Any], **asked: Any) -> Reading:
    body = b"".join(json.dumps(one).encode() + b"\n" for one in lines)
    return read([body], dialect=OLLAMA, **asked)


def call(name: str = "f", **members: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": {"a": 1}}, **members}


def test_a_plain_stream() -> None:
    reading = stream(line("Hel"), line("lo"), line(done=True, **LAST))
    assert [
        (one.delta.role, one.delta.content, one.finish_reason) for chunk in reading.chunks for one in chunk.choices
    ] == [("assistant", "Hel", None), (None, "lo", None), (None, None, "stop")]
    assert {(chunk.id, chunk.created, chunk.model) for chunk in reading.chunks} == {("chatcmpl-id1", SECONDS, MODEL)}
    assert reading.chunks[-1].usage.model_dump() == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert reading.chunks[-2].total_duration == 99
    assert reading.decoder.done


def test_usage_comes_only_when_asked_for() -> None:
    reading = stream(line("Hi"), line(done=True, **LAST), include_usage=False)
    assert all(chunk.choices for chunk in reading.chunks)
    assert reading.decoder.usage.total_tokens == 5


def test_counts_that_are_not_there_are_not_made_up() -> None:
    reading = stream(line("Hi"), line(done=True, done_reason="stop"))
    assert reading.decoder.usage is None
    assert all(chunk.choices for chunk in reading.chunks)


def test_thinking_is_reasoning() -> None:
    reading = stream(line(thinking="hm"), line(thinking="m"), line("yes"), line(done=True, **LAST))
    assert (reading.text(field="reasoning_content"), reading.text()) == ("hmm", "yes")
    message = reading.decoder.partial().choices[0].message
    assert (message.reasoning_content, message.content) == ("hmm", "yes")


def test_tool_calls_come_whole_and_get_ids_where_they_have_none() -> None:
    two = {"name": "g", "index": 0, "arguments": {}}
    reading = stream(line(tool_calls=[call()]), line(tool_calls=[{"function": two}]), line(done=True, **LAST))
    assert tool_calls(reading) == [
        {"id": "call_id1", "name": "f", "arguments": '{"a":1}'},
        {"id": "call_id3", "name": "g", "arguments": "{}"},
    ]
    assert reading.finishes == {0: ["tool_calls"]}


def test_an_id_that_a_call_has_is_kept() -> None:
    reading = stream(line("Let me see.", tool_calls=[call(id="c7")]), line(done=True, **LAST))
    assert [one["id"] for one in tool_calls(reading)] == ["c7"]
    assert reading.text() == "Let me see."


def test_the_same_tool_called_twice_is_two_calls() -> None:
    reading = stream(line(tool_calls=[call(), call()]), line(done=True, **LAST))
    assert len(tool_calls(reading)) == 2


@pytest.mark.parametrize(
    ("native", "expected"),
    [("stop", "stop"), ("length", "length"), ("load", "stop"), ("unload", "stop"), ("", "stop"), (None, "stop")],
)
def test_a_reason_to_end(native: str | None, expected: str) -> None:
    assert stream(line("Hi"), line(done=True, done_reason=native)).finishes == {0: [expected]}


def test_what_the_last_line_says_is_not_lost() -> None:
    reading = stream(line("Hel"), line("lo", done=True, **LAST))
    assert reading.text() == "Hello"
    assert reading.finishes == {0: ["stop"]}


def test_log_probabilities() -> None:
    tokens = [{"token": "Hi", "logprob": -0.5, "top_logprobs": [{"token": "Hi", "logprob": -0.5}]}]
    reading = stream(line("Hi", logprobs=tokens), line(done=True, **LAST))
    assert reading.chunks[0].choices[0].logprobs.content[0].logprob == -0.5
    assert reading.decoder.partial().choices[0].logprobs.content[0].top_logprobs[0].token == "Hi"


def test_an_error_in_mid_stream_is_the_servers_error() -> None:
    reading = stream(line("Hel"), line("lo"), {"error": "an unexpected error"})
    assert type(reading.error) is e.InternalServerError
    assert "an unexpected error" in str(reading.error)
    assert reading.text() == "Hello"


def test_a_line_with_an_error_beside_its_text_is_an_error() -> None:
    assert type(stream(line("Hel"), line("lo", error="broke")).error) is e.InternalServerError


def test_a_stream_without_its_last_line_is_cut() -> None:
    assert type(stream(line("Hel"), line("lo")).error) is e.StreamTruncated


@pytest.mark.parametrize("bad", [[1], {"message": 3, "done": False}, {"message": {"tool_calls": [{}]}}])
def test_a_line_of_another_form_is_named(bad: Any) -> None:
    for before in ([], [line("Hi")]):
        error = stream(*before, bad).error
        assert type(error) is e.InvalidChunk
        assert "sent an event that cannot be read" in str(error)


def test_odd_types_do_not_lose_a_line() -> None:
    reading = stream(line("Hi"), {**line(), "message": {"content": None, "thinking": "x"}}, line(done=True, **LAST))
    assert reading.text(field="reasoning_content") == "x"
    assert reading.error is None


def test_a_whole_reply_is_a_last_line() -> None:
    response = decode(json.dumps(line("Hello", done=True, **LAST)).encode(), dialect=OLLAMA)
    assert response.choices[0].message.content == "Hello"
    assert (response.choices[0].finish_reason, response.usage.total_tokens) == ("stop", 5)
    assert (response.created, response.model, response.total_duration) == (SECONDS, MODEL, 99)


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b'{"error": "no memory"}', e.InternalServerError, "no memory"),
        (b"<html>", e.APIResponseValidationError, "with what cannot be read"),
        (json.dumps(line("Hel")).encode(), e.APIResponseValidationError, "no finished answer"),
        (b"", e.APIResponseValidationError, "no finished answer"),
    ],
)
def test_a_whole_reply_that_is_none(body: bytes, kind: type[e.APIError], says: str) -> None:
    with pytest.raises(kind, match=says) as caught:
        decode(body, dialect=OLLAMA)
    assert caught.value.phase is None

"""Cohere's typed events, and what becomes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.cohere import Cohere
from tests.dialects.reading import MODEL, NOW, Reading, decode, read, tool_calls

COHERE = Cohere()
USAGE = {
    "billed_units": {"input_tokens": 1, "output_tokens": 2},
    "tokens": {"input_tokens": 10.0, "output_tokens": 5.0, "reasoning_tokens": 3},
    "cached_tokens": 4,
}


def event(kind: str, index: int | None = None, **message: Any) -> dict[str, Any]:
    placed = {} if index is None else {"index": index}
    return {"type": kind, **placed, "delta": {"message": message}} if message else {"type": kind, **placed}


def said(text: str = "", **content: Any) -> dict[str, Any]:
    return event("content-delta", 0, content={"text": text} if text else content)


def called(index: int, arguments: str, **members: Any) -> dict[str, Any]:
    name = members.pop("name", None)
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return event("tool-call-start" if name else "tool-call-delta", index, tool_calls={**members, "function": function})


def end(reason: str = "COMPLETE", **members: Any) -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": USAGE, **members}}


START = {"type": "message-start", "id": "answer-1", "delta": {"message": {"role": "assistant", "content": []}}}
BEGIN = event("content-start", 0, content={"type": "text", "text": ""})


def wire(payload: Any, name: str = "") -> bytes:
    kind = name or (payload.get("type", "") if isinstance(payload, dict) else "")
    return f"event: {kind}\ndata: {json.dumps(payload)}\n\n".encode()


def stream(*events: Any, **asked: Any) -> Reading:
    return read([b"".join(wire(one) for one in events) + b"data: [DONE]\n\n"], dialect=COHERE, **asked)


def test_a_plain_stream() -> None:
    reading = stream(START, BEGIN, said("Hel"), said("lo"), event("content-end", 0), end())
    assert [
        (one.delta.role, one.delta.content, one.finish_reason) for chunk in reading.chunks for one in chunk.choices
    ] == [("assistant", "Hel", None), (None, "lo", None), (None, None, "stop")]
    assert {(chunk.id, chunk.created, chunk.model) for chunk in reading.chunks} == {("answer-1", NOW, MODEL)}
    usage = reading.chunks[-1].usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (10, 5, 15)
    assert usage.prompt_tokens_details.cached_tokens == 4
    assert usage.completion_tokens_details.reasoning_tokens == 3
    assert usage.billed_units == USAGE["billed_units"]


def test_usage_comes_only_when_asked_for() -> None:
    reading = stream(START, said("Hi"), end(), include_usage=False)
    assert all(chunk.choices for chunk in reading.chunks)
    assert reading.decoder.usage.total_tokens == 15


def test_counts_that_are_not_there_are_not_made_up() -> None:
    assert stream(START, said("Hi"), end(usage={})).decoder.usage is None
    billed = {"billed_units": {"input_tokens": 1, "output_tokens": 2}}
    assert stream(START, said("Hi"), end(usage=billed)).decoder.usage.total_tokens == 3


def test_thinking_is_reasoning() -> None:
    reading = stream(START, said(thinking="h"), said(thinking="m"), said("yes"), end())
    assert (reading.text(field="reasoning_content"), reading.text()) == ("hm", "yes")


def test_what_an_event_begins_with_is_not_lost() -> None:
    reading = stream(START, event("content-start", 0, content={"type": "text", "text": "A"}), said("B"), end())
    assert reading.text() == "AB"


def test_tool_calls_grow_and_keep_their_ids() -> None:
    plan = [event("tool-plan-delta", tool_plan=piece) for piece in ("I will", " ask.")]
    calls = [
        called(0, "", id="f_1", name="f"),
        called(0, '{"a":'),
        called(0, "1}"),
        event("tool-call-end", 0),
        called(1, "", id="g_2", name="g"),
        event("tool-call-end", 1),
    ]
    reading = stream(START, *plan, *calls, end("TOOL_CALL"))
    assert tool_calls(reading) == [
        {"id": "f_1", "name": "f", "arguments": '{"a":1}'},
        {"id": "g_2", "name": "g", "arguments": "{}"},
    ]
    assert reading.finishes == {0: ["tool_calls"]}
    message = reading.decoder.partial().choices[0].message
    assert message.provider_specific_fields == {"tool_plan": "I will ask."}


def test_citations_are_kept_one_by_one() -> None:
    cited = [{"start": 0, "end": 2, "text": "Hi", "sources": []}, {"start": 3, "end": 4, "text": "x", "sources": []}]
    events = [event("citation-start", 0, citations=one) for one in cited]
    reading = stream(START, said("Hi x"), *events, event("citation-end", 0), end())
    assert reading.chunks[1].choices[0].delta.provider_specific_fields == {"citations": [cited[0]]}
    assert reading.decoder.partial().choices[0].message.provider_specific_fields == {"citations": cited}


@pytest.mark.parametrize(
    ("native", "expected"),
    [("COMPLETE", "stop"), ("STOP_SEQUENCE", "stop"), ("MAX_TOKENS", "length"), ("TOOL_CALL", "tool_calls")],
)
def test_a_reason_to_end(native: str, expected: str) -> None:
    reading = stream(START, said("Hi"), end(native))
    assert reading.finishes == {0: [expected]}
    assert reading.chunks[-2].choices[0].native_finish_reason == native


@pytest.mark.parametrize(
    ("reason", "kind", "says"),
    [
        (end("ERROR", error="invalid tool generation", error_type="X"), e.InternalServerError, "invalid tool gener"),
        (end("ERROR"), e.InternalServerError, "broken off with finish reason 'ERROR'"),
        (end("TIMEOUT"), e.Timeout, "'TIMEOUT'"),
        ({"message": "gone", "error_type": "TOO_MANY_TOKENS"}, e.ContextWindowExceededError, "gone"),
    ],
)
def test_an_answer_that_was_broken_off_is_an_error(reason: Any, kind: type[e.APIError], says: str) -> None:
    reading = stream(START, said("Hi"), said(" you"), reason)
    assert isinstance(reading.error, kind)
    assert says in str(reading.error)
    assert reading.text() == "Hi you"
    assert reading.decoder.usage is None or reading.decoder.usage.total_tokens == 15


def test_an_event_named_error_is_one() -> None:
    body = wire(START) + wire({"type": "x", "message": "gone"}, "error")
    assert type(read([body], dialect=COHERE).error) is e.InternalServerError


def test_events_that_nobody_knows_are_passed_over() -> None:
    reading = stream(START, {"type": "debug", "prompt": "p"}, said("Hi"), {"type": "new", "x": 1}, end())
    assert (reading.text(), reading.error) == ("Hi", None)


def test_a_stream_without_its_last_event_is_cut() -> None:
    assert type(read([wire(START) + wire(said("Hi"))], dialect=COHERE).error) is e.StreamTruncated


@pytest.mark.parametrize("bad", [3, {"type": "content-delta", "delta": {"message": 3}}, {"type": "tool-call-start"}])
def test_an_event_of_another_form_is_named(bad: Any) -> None:
    for before in ([START], [START, said("Hi")]):
        error = stream(*before, bad).error
        assert type(error) is e.InvalidChunk
        assert "sent an event that cannot be read" in str(error)


def test_log_probabilities() -> None:
    scored = {**said("Hi you"), "logprobs": {"text": "Hi you", "token_ids": [1, 2], "logprobs": [-0.5, -1.0]}}
    reading = stream(START, said("Oh "), scored, end())
    assert reading.text() == "Oh Hi you"
    tokens = reading.decoder.partial().choices[0].logprobs.content
    assert [(one.token, one.logprob) for one in tokens] == [("Hi you", -0.5), ("", -1.0)]


def whole(**message: Any) -> bytes:
    reply = {"id": "r", "message": {"role": "assistant", **message}, "finish_reason": "COMPLETE", "usage": USAGE}
    return json.dumps(reply).encode()


def test_a_whole_reply() -> None:
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hi"}]
    response = decode(whole(content=parts, citations=[{"start": 0}]), dialect=COHERE)
    message = response.choices[0].message
    assert (message.content, message.reasoning_content) == ("Hi", "hm")
    assert message.provider_specific_fields == {"citations": [{"start": 0}]}
    assert (response.id, response.usage.total_tokens, response.choices[0].finish_reason) == ("r", 15, "stop")


def test_a_call_without_arguments_has_an_empty_object() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "null"}}
    response = decode(whole(tool_calls=[call], tool_plan="I ..."), dialect=COHERE)
    message = response.choices[0].message
    assert (message.tool_calls[0].function.arguments, message.content) == ("{}", None)
    assert response.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"message": "no such model"}', e.InternalServerError),
        (b"[]", e.APIResponseValidationError),
        (b"<p>", e.APIResponseValidationError),
    ],
)
def test_a_whole_reply_that_is_none(body: bytes, kind: type[e.APIError]) -> None:
    with pytest.raises(kind):
        decode(body, dialect=COHERE)

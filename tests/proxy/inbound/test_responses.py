"""The Responses API in and out, at providers that have it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.responses import Response
from openai.types.responses import ResponseStreamEvent as EventType
from pydantic import TypeAdapter

from aiollm import exceptions as e
from aiollm.dialects.responses_api import ResponsesAPI
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.failure import failure_of
from aiollm.proxy.inbound.responses import ResponseFrames, parse_response, response_body
from aiollm.types.responses import ResponsesAPIResponse
from aiollm.wire.frame import Frame
from tests.dialects.reading import context, request
from tests.proxy.inbound.answers import names, payloads

ASKED = Asked(call="responses", model="alias", arguments={}, stream=True)
EVENTS: TypeAdapter[Any] = TypeAdapter(EventType)
PART = {"type": "output_text", "text": "ab", "annotations": [], "logprobs": []}
ITEM = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [PART]}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 5.0,
    "status": "completed",
    "model": "upstream",
    "output": [ITEM],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "score": 1,
}
PLACE = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
STREAM: list[dict[str, Any]] = [
    {"type": "response.created", "sequence_number": 0, "response": {**RESPONSE, "output": [], "status": "in_progress"}},
    {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": {**ITEM, "content": []}},
    {
        "type": "response.output_text.delta",
        "sequence_number": 2,
        **PLACE,
        "delta": "ab",
        "logprobs": [],
        "obfuscation": "x",
    },
    {"type": "response.output_item.done", "sequence_number": 3, "output_index": 0, "item": ITEM},
    {"type": "response.completed", "sequence_number": 4, "response": RESPONSE},
]


def events() -> list[Any]:
    asked = request()
    decoder = ResponsesAPI().decoder(asked, context(asked))
    frames = (Frame(event=one["type"], data=json.dumps(one).encode()) for one in STREAM)
    return [event for frame in frames for event in decoder.feed(frame)]


def renamed(payload: dict[str, Any]) -> dict[str, Any]:
    return {**payload, "response": {**payload["response"], "model": "alias"}} if "response" in payload else payload


def test_the_apis_own_parameters_are_arguments_as_they_are() -> None:
    body = {
        "model": "m",
        "input": [ITEM],
        "instructions": "i",
        "reasoning": {"effort": "low"},
        "stream": True,
        "user": "u",
    }
    asked = parse_response(body)
    assert asked.arguments == {name: value for name, value in body.items() if name != "model"}
    assert (asked.call, asked.model, asked.stream, asked.user) == ("responses", "m", True, "u")
    with pytest.raises(e.BadRequestError, match="input must be given"):
        parse_response({"model": "m"})


def test_events_are_sent_byte_for_byte_but_for_the_name_of_the_model() -> None:
    came = b"".join(b"event: %b\ndata: %b\n\n" % (one["type"].encode(), json.dumps(one).encode()) for one in STREAM)
    writer = ResponseFrames(ASKED)
    data = b"".join(map(writer.feed, events())) + writer.finish()
    assert data == came.replace(b'"model": "upstream"', b'"model": "alias"')


def test_a_stream_is_written_with_everything_its_provider_says() -> None:
    writer = ResponseFrames(ASKED)
    data = b"".join(map(writer.feed, events())) + writer.finish()
    assert names(data) == [one["type"] for one in STREAM]
    assert payloads(data) == [renamed(one) for one in STREAM]
    for one in payloads(data):
        EVENTS.validate_python(one)


def test_an_event_of_several_lines_is_one_frame() -> None:
    asked = request()
    decoder = ResponsesAPI().decoder(asked, context(asked))
    (event,) = decoder.feed(Frame(event=STREAM[2]["type"], data=json.dumps(STREAM[2], indent=1).encode()))
    assert payloads(ResponseFrames(ASKED).feed(event)) == [STREAM[2]]


def test_a_whole_response_is_one_of_openais() -> None:
    body = response_body(ResponsesAPIResponse(**RESPONSE), ASKED)
    assert Response.model_validate_json(body).output_text == "ab"
    assert json.loads(body) == {**RESPONSE, "model": "alias"}


def test_a_stream_that_breaks_off_ends_in_a_failed_response() -> None:
    writer = ResponseFrames(ASKED)
    for event in events()[:3]:
        writer.feed(event)
    error, failed = payloads(writer.fail(failure_of(e.RateLimitError("slow down", code="rate_limit_exceeded"))))
    assert (error["type"], error["code"], error["retryable"]) == ("error", "rate_limit_exceeded", True)
    assert (error["sequence_number"], failed["sequence_number"]) == (3, 4)
    assert (failed["type"], failed["response"]["id"], failed["response"]["status"]) == (
        "response.failed",
        "resp_1",
        "failed",
    )
    assert failed["response"]["error"] == {"code": "rate_limit_exceeded", "message": "slow down"}

"""The Responses API for itself: its events as they are, and the account of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.responses_api import ResponsesAPI
from tests.dialects.reading import MODEL, Reading, context, endpoint, read, request
from tests.dialects.test_responses_stream import CREATED, USAGE, added, completed, ended, event, message, text

CALL = {"type": "function_call", "id": "fc", "call_id": "call_a", "name": "f", "arguments": "{}"}


def reading(*events: dict[str, Any]) -> Reading:
    lines = "".join(f"data: {json.dumps(one)}\n\n" for one in events)
    return read([lines.encode()], dialect=ResponsesAPI())  # type: ignore[arg-type]


def test_events_come_as_they_are() -> None:
    sent = [
        CREATED,
        added(message()),
        text("Hi", sequence_number=3, obfuscation="x"),
        event("of_tomorrow", thing={"items": 1}),
        {"type": "keepalive"},
        completed(message("Hi")),
    ]
    seen = reading(*sent)
    dumped = [json.loads(one.model_dump_json(exclude_none=True)) for one in seen.chunks]
    for one in (dumped[0], dumped[-1]):  # what every response has
        one["response"] = {name: value for name, value in one["response"].items() if name != "object"}
    sent[0]["response"].pop("created", None)
    assert dumped[1:-1] == sent[1:-1]
    assert dumped[0]["type"] == CREATED["type"]
    assert seen.chunks[2].obfuscation == "x"
    assert seen.chunks[-1].response.output_text == "Hi"
    assert seen.error is None


def test_the_account_is_in_chats_terms() -> None:
    seen = reading(CREATED, text("Hi"), completed(message("Hi"), CALL))
    assert (seen.decoder.usage.prompt_tokens, seen.decoder.usage.total_tokens) == (9, 14)
    assert seen.decoder.finish_reason == "tool_calls"
    cut = reading(text("Hi"), completed(status="incomplete", incomplete_details={"reason": "max_output_tokens"}))
    assert (cut.decoder.finish_reason, cut.error) == ("length", None)


def test_the_response_so_far_has_what_was_streamed() -> None:
    seen = reading(
        CREATED,
        event("reasoning_summary_text.delta", item_id="rs", output_index=0, summary_index=0, delta="Hm"),
        event("reasoning_summary_text.delta", item_id="rs", output_index=0, summary_index=1, delta="So"),
        text("Hel", 1),
        text("lo", 1),
        added({**CALL, "arguments": ""}, 2),
        event("function_call_arguments.delta", item_id="fc", output_index=2, delta='{"a'),
        ended({"type": "web_search_call", "id": "ws"}, 3),
    )
    assert type(seen.error) is e.StreamTruncated
    partial = seen.decoder.partial()
    assert (partial.id, partial.status, partial.output_text) == ("resp_1", "queued", "Hello")
    assert [part.text for part in partial.output[0].summary] == ["Hm", "So"]
    assert (partial.output[2].name, partial.output[2].arguments) == ("f", '{"a')
    assert partial.output[3].type == "web_search_call"


def test_before_anything_came_there_is_no_response() -> None:
    assert reading().decoder.partial() is None


def test_a_response_that_ended_is_the_last_events() -> None:
    assert reading(text("Hi"), completed(message("Hi there"))).decoder.partial().output_text == "Hi there"
    without_output = reading(ended(message("Hi")), completed())
    assert without_output.decoder.partial().output_text == "Hi"


def test_a_failed_response_is_given_and_then_raised() -> None:
    seen = reading(text("Hi"), completed(status="failed", error={"code": "rate_limit_exceeded", "message": "slow"}))
    assert [one.type for one in seen.chunks] == ["response.output_text.delta", "response.failed"]
    assert type(seen.error) is e.RateLimitError


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"type": "error", "code": "server_error", "message": "x"}, e.InternalServerError),
        ({"error": {"code": "rate_limit_exceeded", "message": "x"}}, e.RateLimitError),
        ({"type": "response.completed"}, e.InvalidChunk),
        ({"type": "response.created", "response": 5}, e.InvalidChunk),
        ([1], e.InvalidChunk),
    ],
)
def test_an_event_that_is_none_is_an_error(data: Any, kind: type[e.APIError]) -> None:
    assert type(reading(data).error) is kind


def test_what_counts_as_content() -> None:
    assert not reading(CREATED, added(message()), {"type": "keepalive"}).decoder.content
    assert reading(event("code_interpreter_call_code.delta", delta="x")).decoder.content
    assert reading(ended(CALL)).decoder.content


def test_a_request_is_the_callers_own() -> None:
    params = {"input": "Hi", "reasoning": {"effort": "low"}, "of_tomorrow": 1}
    sent = ResponsesAPI().encode(request(params=params), endpoint())
    assert json.loads(sent.body) == {"model": MODEL, **params, "stream": True}
    whole = ResponsesAPI().encode(request(params=params, stream=False), endpoint())
    assert json.loads(whole.body) == {"model": MODEL, **params}


def decode(payload: Any) -> Any:
    asked = request(stream=False)
    return ResponsesAPI().decode(json.dumps(payload).encode(), asked, context(asked))


def test_a_whole_response() -> None:
    response = decode({"id": "resp_1", "model": "served", "status": "queued", "output": [], "usage": USAGE})
    assert (response.status, response.usage.total_tokens) == ("queued", 14)
    assert response._hidden_params["provider_response_model"] == "served"


def test_a_whole_response_that_failed_is_an_error_with_it() -> None:
    with pytest.raises(e.RateLimitError) as caught:
        decode({"status": "failed", "output": [], "error": {"code": "rate_limit_exceeded", "message": "slow"}})
    assert caught.value.partial.status == "failed"
    with pytest.raises(e.APIResponseValidationError):
        decode(
            {"status": "completed", "output": [], "usage": 5, "error": {}, "incomplete_details": {"a": 1}, "id": 1}
            | {"output": 5}
        )

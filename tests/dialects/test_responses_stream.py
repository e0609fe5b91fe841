"""Typed events into chunks: what servers do to them, and what must come out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.responses import Responses
from tests.dialects.reading import Reading, read, tool_calls

USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 14,
}
CREATED = {
    "type": "response.created",
    "response": {"id": "resp_1", "created_at": 7, "model": "served", "status": "queued"},
}


def event(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **members}


def added(item: dict[str, Any], place: int = 0) -> dict[str, Any]:
    return event("output_item.added", output_index=place, item=item)


def ended(item: dict[str, Any], place: int = 0) -> dict[str, Any]:
    return event("output_item.done", output_index=place, item=item)


def text(delta: str, place: int = 0, **more: Any) -> dict[str, Any]:
    return event("output_text.delta", output_index=place, content_index=0, item_id=f"msg_{place}", delta=delta, **more)


def completed(*output: dict[str, Any], status: str = "completed", **more: Any) -> dict[str, Any]:
    return event(status, response={"id": "resp_1", "status": status, "output": output, "usage": USAGE, **more})


def message(*parts: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": part} if isinstance(part, str) else part for part in parts]
    return {"type": "message", "id": "msg_0", "content": content}


def reading(*events: dict[str, Any], named: bool = True, **asked: Any) -> Reading:
    lines = [
        (f"event: {one['type']}\n" if named else "") + f"data: {json.dumps(one)}\n\n" for one in (CREATED, *events)
    ]
    return read(["".join(lines).encode()], dialect=Responses(), **asked)


@pytest.mark.parametrize("named", [True, False])
def test_text_is_streamed(named: bool) -> None:
    seen = reading(added(message()), text("Hel"), text("lo"), text("!"), completed(message("Hello!")), named=named)
    assert seen.error is None
    assert [chunk.choices[0].delta.content for chunk in seen.chunks[:-1]] == ["Hel", "lo", "!", None]
    first, *_, last, counted = seen.chunks
    assert (first.id, first.created, first.model) == ("resp_1", 7, "asked-for")
    assert first._hidden_params["provider_response_model"] == "served"
    assert first.choices[0].delta.role == "assistant"
    assert (last.choices[0].finish_reason, dict(last.choices[0].delta)) == ("stop", dict(type(last.choices[0].delta)()))
    assert (counted.usage.prompt_tokens, counted.usage.completion_tokens, counted.usage.total_tokens) == (9, 5, 14)
    assert counted.usage.prompt_tokens_details.cached_tokens == 4
    assert counted.usage.completion_tokens_details.reasoning_tokens == 2
    assert seen.decoder.partial().choices[0].message.content == "Hello!"


def test_usage_comes_only_when_asked_for() -> None:
    seen = reading(text("a"), completed(), include_usage=False)
    assert all(chunk.usage is None for chunk in seen.chunks)
    assert seen.decoder.usage.total_tokens == 14


def test_calls_are_numbered_in_their_own_order() -> None:
    one = {"type": "function_call", "id": "fc_1", "call_id": "call_a", "name": "f", "arguments": ""}
    two = {"type": "function_call", "id": "fc_2", "call_id": "call_b", "name": "f", "arguments": ""}
    pieces = [
        event("function_call_arguments.delta", item_id=item, output_index=place, delta=delta)
        for item, place, delta in (("fc_1", 1, '{"a'), ("fc_2", 2, "{}"), ("fc_1", 1, '":1}'))
    ]
    seen = reading(
        added({"type": "reasoning", "id": "rs"}),
        added(one, 1),
        added(two, 2),
        *pieces,
        ended({**one, "arguments": '{"a":1}'}, 1),
        ended({**two, "arguments": "{}"}, 2),
        completed(),
    )
    assert tool_calls(seen) == [
        {"id": "call_a", "name": "f", "arguments": '{"a":1}'},
        {"id": "call_b", "name": "f", "arguments": "{}"},
    ]
    assert seen.finishes == {0: ["tool_calls"]}


def test_ids_that_change_with_every_event_are_told_by_their_place() -> None:
    call = {"type": "function_call", "call_id": "call_a", "name": "f", "arguments": '{"a":1}'}
    seen = reading(
        added({**call, "id": "x1", "arguments": ""}, 3),
        event("function_call_arguments.delta", item_id="x2", output_index=3, delta='{"a":1}'),
        ended({**call, "id": "x3"}, 3),
        completed({**call, "id": "x4"}),
    )
    assert tool_calls(seen) == [{"id": "call_a", "name": "f", "arguments": '{"a":1}'}]


def test_places_that_repeat_are_told_by_their_ids() -> None:
    calls = [{"type": "function_call", "id": f"fc_{name}", "call_id": name, "name": name} for name in "ab"]
    seen = reading(*(one for call in calls for one in (added(call), ended({**call, "arguments": "{}"}))), completed())
    assert [call["name"] for call in tool_calls(seen)] == ["a", "b"]


def test_a_call_of_a_custom_tool() -> None:
    call = {"type": "custom_tool_call", "id": "ctc", "call_id": "call_a", "name": "c", "input": ""}
    seen = reading(
        added(call),
        event("custom_tool_call_input.delta", item_id="ctc", output_index=0, delta="x "),
        event("custom_tool_call_input.delta", item_id="ctc", output_index=0, delta="y"),
        ended({**call, "input": "x y"}),
        completed(),
    )
    (whole,) = seen.decoder.partial().choices[0].message.tool_calls
    assert (whole.id, whole.type, whole["custom"]) == ("call_a", "custom", {"name": "c", "input": "x y"})


def test_what_was_not_streamed_comes_with_the_end_of_its_item() -> None:
    call = {"type": "function_call", "id": "fc", "call_id": "call_a", "name": "f", "arguments": "{}"}
    cited = {"type": "url_citation", "url": "https://x", "title": "X", "start_index": 0, "end_index": 2}
    seen = reading(
        ended({"type": "reasoning", "id": "rs", "summary": [{"text": "A"}, {"text": "B"}]}),
        ended(message({"type": "output_text", "text": "Hi", "annotations": [cited]}), 1),
        ended(call, 2),
        completed(),
    )
    said = seen.decoder.partial().choices[0].message
    assert (said.reasoning_content, said.content) == ("A\n\nB", "Hi")
    assert said.annotations == [
        {"type": "url_citation", "url_citation": {k: v for k, v in cited.items() if k != "type"}}
    ]
    assert tool_calls(seen) == [{"id": "call_a", "name": "f", "arguments": "{}"}]


def test_a_response_that_comes_in_its_last_event_only_is_read() -> None:
    seen = reading(completed(message("Hello!")))
    assert seen.text() == "Hello!"
    assert seen.chunks[0].choices[0].delta.role == "assistant"


def test_parts_of_a_summary_are_set_off() -> None:
    parts = [
        event("reasoning_summary_text.delta", item_id=item, output_index=place, summary_index=number, delta=delta)
        for item, place, number, delta in (("a", 0, 0, "A"), ("a", 0, 0, "a"), ("a", 0, 1, "B"), ("b", 1, 0, "C"))
    ]
    seen = reading(*parts, event("reasoning_text.delta", item_id="b", output_index=1, content_index=0, delta="C again"))
    assert seen.text(field="reasoning_content") == "Aa\n\nB\n\nC"


def test_sealed_reasoning_is_a_block_to_send_back() -> None:
    item = {"type": "reasoning", "id": "rs", "summary": [{"text": "A"}], "encrypted_content": "sealed"}
    seen = reading(ended(item), text("x", 1), completed())
    (block,) = seen.decoder.partial().choices[0].message.thinking_blocks
    assert block == {"type": "thinking", "thinking": "A", "signature": "sealed", "id": "rs"}


def test_a_refusal_is_a_refusal() -> None:
    seen = reading(event("refusal.delta", item_id="msg_0", output_index=0, delta="No."), completed())
    assert seen.text(field="refusal") == "No."
    assert seen.finishes == {0: ["stop"]}


def test_annotations_come_once() -> None:
    cited = {"type": "file_citation", "file_id": "file-1", "index": 3}
    part = {"type": "output_text", "text": "Hi", "annotations": [cited]}
    added_ = event(
        "output_text.annotation.added", item_id="msg_0", output_index=0, annotation_index=0, annotation=cited
    )
    seen = reading(text("Hi"), added_, ended(message(part)), completed(message(part)))
    assert seen.decoder.partial().choices[0].message.annotations == [cited]


def test_log_probabilities_stand_beside_their_text() -> None:
    token = {"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": []}
    seen = reading(text("Hi", logprobs=[token]), text("!", logprobs=[{**token, "token": "!"}]), completed())
    assert [chunk.choices[0].logprobs.content[0].token for chunk in seen.chunks[:2]] == ["Hi", "!"]


def test_an_image_is_an_image() -> None:
    item = {"type": "image_generation_call", "id": "ig", "result": "AA==", "output_format": "webp"}
    partial = event("image_generation_call.partial_image", item_id="ig", output_index=0, partial_image_b64="AA")
    seen = reading(added(item), partial, ended(item), completed())
    (image,) = seen.decoder.partial().choices[0].message.images
    assert image["image_url"]["url"] == "data:image/webp;base64,AA=="


def test_what_the_provider_did_itself_is_kept_whole() -> None:
    item = {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"query": "x"}}
    seen = reading(added({**item, "status": "in_progress"}), ended(item), text("x", 1), completed())
    assert seen.chunks[0].choices[0].delta.provider_specific_fields == {"output_items": [item]}
    assert seen.decoder.partial().choices[0].message.provider_specific_fields == {"output_items": [item]}


@pytest.mark.parametrize(
    ("reason", "finish", "native"),
    [
        ("max_output_tokens", "length", "max_output_tokens"),
        ("content_filter", "content_filter", None),
        ("steered", "stop", "steered"),
        ("of tomorrow", "length", "of tomorrow"),
    ],
)
def test_an_incomplete_response_says_why(reason: str, finish: str, native: str | None) -> None:
    seen = reading(text("a"), completed(status="incomplete", incomplete_details={"reason": reason}))
    last = seen.chunks[-2].choices[0]
    assert (last.finish_reason, last.get("native_finish_reason")) == (finish, native)
    assert seen.error is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "rate_limit_exceeded", "message": "slow"}, e.RateLimitError),
        ({"code": "server_error", "message": "down"}, e.InternalServerError),
        ({"code": "invalid_prompt", "message": "odd"}, e.BadRequestError),
        ({"code": "invalid_prompt", "message": "flagged as violating our usage policy"}, e.ContentPolicyViolationError),
        ({"code": "image_content_policy_violation", "message": "no"}, e.ContentPolicyViolationError),
        (None, e.InternalServerError),
    ],
)
def test_a_failed_response_is_an_error_after_what_came(error: Any, kind: type[e.APIError]) -> None:
    seen = reading(text("a"), completed(status="failed", error=error))
    assert type(seen.error) is kind
    assert seen.text() == "a"
    assert seen.decoder.done
    assert seen.decoder.finish_reason is None


@pytest.mark.parametrize(
    "error",
    [
        {"type": "error", "code": "context_length_exceeded", "message": "long", "param": "input"},
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "code": "context_length_exceeded", "message": "x"},
        },
    ],
)
def test_an_error_event_is_an_error(error: dict[str, Any]) -> None:
    assert type(reading(error).error) is e.ContextWindowExceededError


def test_nothing_but_the_last_event_ends_a_response() -> None:
    lines = f"data: {json.dumps(text('a'))}\n\ndata: [DONE]\n\n".encode()
    assert type(read([lines], dialect=Responses()).error) is e.StreamTruncated
    seen = reading(text("a"), ended(message("a")))
    assert type(seen.error) is e.StreamTruncated


def test_what_nobody_knows_is_passed_over() -> None:
    seen = reading(
        {"type": "keepalive"}, event("of_tomorrow", item=5), text("a"), event("x.delta", delta={"a": 1}), completed()
    )
    assert (seen.text(), seen.error) == ("a", None)


def test_a_heartbeat_is_no_content_and_a_tool_at_work_is() -> None:
    seen = reading({"type": "keepalive"}, event("web_search_call.searching", item_id="ws"))
    assert not seen.decoder.content
    assert reading(event("code_interpreter_call_code.delta", item_id="ci", delta="x")).decoder.content


@pytest.mark.parametrize(
    "data", [b"[1]", b"{", b'{"type": "response.completed"}', b'{"type": "response.output_item.done"}']
)
def test_an_event_that_is_none_is_told(data: bytes) -> None:
    error = read([b"data: " + data + b"\n\n"], dialect=Responses()).error
    assert type(error) is e.InvalidChunk
    assert "sent an event that cannot be read" in str(error)


def test_broken_arguments_are_told_at_the_end() -> None:
    call = {"type": "function_call", "id": "fc", "call_id": "call_a", "name": "f", "arguments": '{"a'}
    seen = reading(ended(call), completed())
    assert type(seen.error) is e.ToolCallIncomplete
    assert seen.finishes == {0: ["tool_calls"]}
    cut_off = reading(ended(call), completed(status="incomplete", incomplete_details={"reason": "max_output_tokens"}))
    assert (cut_off.error, cut_off.finishes) == (None, {0: ["length"]})

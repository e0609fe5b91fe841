"""Converse's events, one kind at a time, with bytes of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.converse import Converse
from tests.dialects.reading import Reading, decode, read, tool_calls
from tests.wire.event_messages import event, exception, message

CONVERSE = Converse()
CLAUDE = "anthropic.claude-sonnet-4-5-v1:0"
NOVA = "amazon.nova-pro-v1:0"
FORMAT = {"type": "json_schema", "json_schema": {"schema": {"type": "object", "properties": {}}}}
START = ("messageStart", {"role": "assistant"})


def stop(reason: str = "end_turn", **more: Any) -> tuple[str, Any]:
    return "messageStop", {"stopReason": reason, **more}


def metadata(**more: Any) -> tuple[str, Any]:
    return "metadata", {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}, "metrics": {}, **more}


def delta(value: dict[str, Any], index: int = 0) -> tuple[str, Any]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": value, "p": "abcdef"}


def start(value: dict[str, Any], index: int = 0) -> tuple[str, Any]:
    return "contentBlockStart", {"contentBlockIndex": index, "start": value}


def end(index: int = 0) -> tuple[str, Any]:
    return "contentBlockStop", {"contentBlockIndex": index}


def reading(*events: tuple[str, Any] | bytes, **asked: Any) -> Reading:
    body = b"".join(one if isinstance(one, bytes) else event(one[0], json.dumps(one[1]).encode()) for one in events)
    return read([body], dialect=CONVERSE, **asked)


def dumped(found: Reading) -> list[dict[str, Any]]:
    """The deltas of the chunks, without what is None."""
    return [choice.delta.model_dump(exclude_none=True) for chunk in found.chunks for choice in chunk.choices]


def test_text_finish_and_usage_have_chunks_of_their_own() -> None:
    found = reading(START, delta({"text": "Hel"}), delta({"text": "lo"}), end(), stop(), metadata())
    assert found.error is None
    assert found.decoder.done
    assert dumped(found) == [{"content": "Hel", "role": "assistant"}, {"content": "lo"}, {}]
    assert found.chunks[2].choices[0].finish_reason == "stop"
    assert found.chunks[3].usage.model_dump() == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def test_a_second_end_is_none() -> None:
    found = reading(delta({"text": "x"}), stop(), stop("max_tokens"), metadata())
    assert found.finishes == {0: ["stop"]}


def test_usage_comes_only_when_asked_for_and_is_kept_all_the_same() -> None:
    found = reading(delta({"text": "x"}), stop(), metadata(), include_usage=False)
    assert len(found.chunks) == 2
    assert found.decoder.usage.total_tokens == 5


def test_a_stream_without_its_counts_is_whole() -> None:
    found = reading(delta({"text": "x"}), stop())
    assert found.error is None
    assert not found.decoder.done
    assert found.finishes == {0: ["stop"]}


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_model_output", "stop"),
        ("news", "stop"),
    ],
)
def test_a_stop_reason_has_openais_name(native: str, reason: str) -> None:
    found = reading(delta({"text": "x"}), stop(native), metadata())
    assert found.finishes == {0: [reason]}
    assert found.chunks[1].choices[0].native_finish_reason == native


def test_tool_calls_are_numbered_from_0_whatever_their_block() -> None:
    found = reading(
        delta({"text": "Look"}),
        end(),
        start({"toolUse": {"toolUseId": "t1", "name": "f"}}, 1),
        delta({"toolUse": {"input": ""}}, 1),
        delta({"toolUse": {"input": '{"a":'}}, 1),
        delta({"toolUse": {"input": "1}"}}, 1),
        end(1),
        start({"toolUse": {"toolUseId": "t2", "name": "g", "type": "tool_use"}}, 2),
        end(2),
        stop("tool_use"),
        metadata(),
    )
    assert found.error is None
    assert tool_calls(found) == [
        {"id": "t1", "name": "f", "arguments": '{"a":1}'},
        {"id": "t2", "name": "g", "arguments": "{}"},
    ]
    assert found.finishes == {0: ["tool_calls"]}


def test_arguments_that_are_cut_raise_at_the_end() -> None:
    found = reading(
        start({"toolUse": {"toolUseId": "t1", "name": "f"}}),
        delta({"toolUse": {"input": '{"a"'}}),
        stop("tool_use"),
        metadata(),
    )
    assert isinstance(found.error, e.ToolCallIncomplete)


def test_reasoning_comes_with_the_block_to_send_back() -> None:
    found = reading(
        delta({"reasoningContent": {"text": "Let me "}}),
        delta({"reasoningContent": {"text": "see."}}),
        delta({"reasoningContent": {"signature": "c2ln"}}),
        end(),
        delta({"reasoningContent": {"redactedContent": "cmVk"}}, 1),
        end(1),
        delta({"text": "Yes"}, 2),
        stop(),
        metadata(),
    )
    assert found.text(field="reasoning_content") == "Let me see."
    assert found.text() == "Yes"
    message = found.decoder.partial().choices[0].message
    assert message.reasoning_content == "Let me see."
    assert message.thinking_blocks == [
        {"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "cmVk"},
    ]


def test_an_answer_in_the_arguments_of_a_tool_is_text() -> None:
    events = (
        start({"toolUse": {"toolUseId": "t1", "name": "json_tool_call"}}),
        delta({"toolUse": {"input": '{"a":'}}),
        delta({"toolUse": {"input": "1}"}}),
        end(),
        stop("tool_use"),
        metadata(),
    )
    found = reading(*events, model=NOVA, params={"response_format": FORMAT})
    assert found.text() == '{"a":1}'
    assert found.finishes == {0: ["stop"]}
    assert tool_calls(found) == []
    assert tool_calls(reading(*events, model=NOVA))[0]["name"] == "json_tool_call"  # nobody asked for an answer by it


def test_a_citation_is_given_and_a_page_of_the_web_is_an_annotation() -> None:
    web = {"title": "T", "location": {"web": {"url": "https://x", "domain": "x"}}}
    page = {"title": "D", "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}}
    found = reading(delta({"citation": web}), delta({"citation": page}), delta({"text": "x"}), stop(), metadata())
    message = found.decoder.partial().choices[0].message
    assert message.provider_specific_fields == {"citations": [[web, page]]}
    assert message.annotations == [{"type": "url_citation", "url_citation": {"url": "https://x", "title": "T"}}]


def test_what_the_server_called_is_no_call_of_the_callers() -> None:
    found = reading(
        start({"toolUse": {"toolUseId": "s", "name": "nova_grounding", "type": "server_tool_use"}}),
        delta({"toolUse": {"input": '{"q":1}'}}),
        end(),
        start({"toolResult": {"toolUseId": "s", "status": "success", "type": "nova_grounding_result"}}, 1),
        delta({"toolResult": [{"text": "found"}]}, 1),
        end(1),
        delta({"text": "x"}, 2),
        stop(),
        metadata(),
    )
    assert tool_calls(found) == []
    assert found.finishes == {0: ["stop"]}
    fields = found.decoder.partial().choices[0].message.provider_specific_fields
    assert fields["server_tool_calls"][0]["input"] == '{"q":1}'
    assert fields["tool_results"][0]["content"] == [{"text": "found"}]


def test_an_image_is_a_data_uri() -> None:
    found = reading(
        start({"image": {"format": "jpeg"}}), delta({"image": {"source": {"bytes": "eA=="}}}), end(), stop(), metadata()
    )
    assert found.decoder.partial().choices[0].message.images == [
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,eA=="}}
    ]


def test_cached_tokens_are_part_of_the_prompt() -> None:
    usage = {
        "inputTokens": 3,
        "outputTokens": 2,
        "totalTokens": 115,
        "cacheReadInputTokens": 100,
        "cacheWriteInputTokens": 10,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 10}],
    }
    fields = {"usage": {"output_tokens_details": {"thinking_tokens": 1}}}
    found = reading(delta({"text": "x"}), stop(additionalModelResponseFields=fields), ("metadata", {"usage": usage}))
    counted = found.chunks[-1].usage
    assert (counted.prompt_tokens, counted.completion_tokens, counted.total_tokens) == (113, 2, 115)
    details = counted.prompt_tokens_details
    assert (details.cached_tokens, details.cache_creation_tokens) == (100, 10)
    assert details.cache_creation_token_details == {"ephemeral_1h_input_tokens": 10}
    assert counted.completion_tokens_details.reasoning_tokens == 1


def test_what_a_guardrail_found_is_on_the_last_chunk() -> None:
    found = reading(
        delta({"text": "x"}),
        stop("guardrail_intervened"),
        metadata(trace={"guardrail": {"a": 1}}, serviceTier={"type": "flex"}),
    )
    assert found.chunks[-1].trace == {"guardrail": {"a": 1}}
    assert found.chunks[-1].service_tier == "flex"


EXCEPTIONS = [
    ("throttlingException", {"message": "slow"}, e.RateLimitError, 429),
    ("validationException", {"message": "bad"}, e.BadRequestError, 400),
    ("validationException", {"message": "Input is too long for requested model."}, e.ContextWindowExceededError, 400),
    ("internalServerException", {"message": "oh"}, e.InternalServerError, 500),
    ("serviceUnavailableException", {"message": "busy"}, e.ServiceUnavailableError, 503),
    ("modelTimeoutException", {"message": "late"}, e.Timeout, 408),
    ("modelStreamErrorException", {"message": "broke"}, e.InternalServerError, 500),
    (
        "modelStreamErrorException",
        {"originalMessage": "busy", "originalStatusCode": 503},
        e.ServiceUnavailableError,
        503,
    ),
    ("unheardOfException", {"message": "?"}, e.InternalServerError, 500),
]


@pytest.mark.parametrize(("name", "payload", "kind", "status"), EXCEPTIONS)
def test_an_exception_in_the_stream_has_its_class(name: str, payload: Any, kind: type, status: int) -> None:
    found = reading(delta({"text": "so far"}), exception(name, json.dumps(payload).encode()))
    assert type(found.error) is kind
    assert found.error is not None
    assert (found.error.status_code, found.error.code) == (status, name)
    assert (payload.get("message") or payload["originalMessage"]) in str(found.error)
    assert found.text() == "so far"
    assert found.decoder.partial().choices[0].message.content == "so far"


def test_an_error_of_the_transport_is_the_providers() -> None:
    sent = message({":message-type": "error", ":error-code": "InternalFailure", ":error-message": "went away"})
    found = reading(delta({"text": "x"}), sent)
    assert isinstance(found.error, e.InternalServerError)
    assert "went away" in str(found.error)


def test_an_exception_without_a_payload_is_one() -> None:
    found = reading(delta({"text": "x"}), exception("throttlingException", b""))
    assert isinstance(found.error, e.RateLimitError)
    assert reading(delta({"text": "x"}), stop(), metadata(), exception("throttlingException", b"")).error is None


def test_an_exception_that_is_no_json_is_quoted() -> None:
    found = reading(exception("throttlingException", b"slow <down>"))
    assert isinstance(found.error, e.RateLimitError)
    assert "slow <down>" in str(found.error)


def test_what_may_come_to_be_is_passed_over() -> None:
    found = reading(("newEvent", {"a": 1}), delta({"newDelta": {}}), delta({"text": "x"}), stop(), metadata())
    assert found.error is None
    assert found.text() == "x"


@pytest.mark.parametrize(
    "broken",
    [
        event("contentBlockDelta", b'{"delta":'),
        event("contentBlockDelta", b'{"delta": 7}'),
        event("contentBlockStart", b'{"start": {"toolUse": {}}}'),
        event("messageStop", b"{}"),
        event("metadata", b"[]"),
    ],
)
def test_an_event_that_cannot_be_read_is_quoted(broken: bytes) -> None:
    found = reading(delta({"text": "x"}), broken)
    assert isinstance(found.error, e.InvalidChunk)
    assert found.text() == "x"


def test_an_odd_text_does_not_lose_its_chunk() -> None:
    odd = event("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"a\xff"}}')
    assert reading(delta({"text": "x"}), odd, stop(), metadata()).text() == "xa�"


def whole(*blocks: dict[str, Any], reason: str = "end_turn", model: str = CLAUDE, **more: Any) -> Any:
    sent = {
        "output": {"message": {"role": "assistant", "content": list(blocks)}},
        "stopReason": reason,
        "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
        **more,
    }
    params = {"response_format": FORMAT} if model == NOVA else {}
    return decode(json.dumps(sent).encode(), dialect=CONVERSE, model=model, params=params)


def test_a_whole_reply_has_the_same_parts() -> None:
    response = whole(
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "cmVk"}},
        {"text": "Look: "},
        {"citationsContent": {"content": [{"text": "cited"}], "citations": [{"title": "D"}]}},
        {"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}}},
        {"toolUse": {"toolUseId": "t2", "name": "g", "input": {}}},
        {"image": {"format": "png", "source": {"bytes": "eA=="}}},
        reason="tool_use",
        trace={"guardrail": {}},
    )
    message = response.choices[0].message
    assert message.content == "Look: cited"
    assert message.reasoning_content == "Hm."
    assert message.thinking_blocks == [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "cmVk"},
    ]
    assert [(call.id, call.function.arguments) for call in message.tool_calls] == [("t1", '{"a":1}'), ("t2", "{}")]
    assert message.provider_specific_fields["citations"] == [[{"title": "D"}]]
    assert message.images[0]["image_url"]["url"] == "data:image/png;base64,eA=="
    assert response.choices[0].finish_reason == "tool_calls"
    assert response.trace == {"guardrail": {}}
    assert response.usage.total_tokens == 5


def test_a_whole_answer_may_be_empty_or_in_the_arguments_of_a_tool() -> None:
    assert whole({"text": ""}).choices[0].message.content == ""
    assert whole().choices[0].finish_reason == "stop"
    answer = {"toolUse": {"toolUseId": "t", "name": "json_tool_call", "input": {"a": 1}}}
    response = whole(answer, reason="tool_use", model=NOVA)
    assert json.loads(response.choices[0].message.content) == {"a": 1}
    assert response.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"<html>", b'{"output":{"message":{"content":[]}}}'])
def test_a_whole_reply_that_is_none_is_told(body: bytes) -> None:
    with pytest.raises(e.APIResponseValidationError):
        decode(body, dialect=CONVERSE)

"""Gemini's events as chunks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.gemini import Gemini
from tests.dialects.reading import MODEL, NOW, Reading, cut, read, tool_calls

GEMINI = Gemini()
USAGE = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}


def event(*parts: dict[str, Any], top: dict[str, Any] | None = None, **candidate: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, **candidate}], **(top or {})}


def text(words: str, **more: Any) -> dict[str, Any]:
    return event({"text": words}, **more)


def stream(*events: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in events)


def reading(*events: Any, **asked: Any) -> Reading:
    return read([stream(*events)], dialect=GEMINI, **asked)


def test_text_and_thoughts_are_chunks_with_the_role_once() -> None:
    seen = reading(
        event({"text": "hmm", "thought": True}, top={"responseId": "r1", "modelVersion": "gemini-9"}),
        event({"text": " so", "thought": True}),
        text("one"),
        text(" ", top={"usageMetadata": USAGE}),
        text("two", finishReason="STOP", top={"usageMetadata": USAGE}),
    )
    assert seen.error is None
    assert seen.text() == "one two"
    assert seen.text(field="reasoning_content") == "hmm so"
    assert [chunk.choices[0].delta.role for chunk in seen.chunks[:-1]] == ["assistant", None, None, None, None, None]
    assert {(chunk.id, chunk.created, chunk.model) for chunk in seen.chunks} == {("r1", NOW, MODEL)}
    assert seen.finishes == {0: ["stop"]}
    assert seen.chunks[-2].choices[0].delta.get("content") is None
    assert seen.chunks[-1].usage.total_tokens == 5
    assert seen.chunks[0]._hidden_params["provider_response_model"] == "gemini-9"


def test_usage_is_given_only_when_asked_for() -> None:
    seen = reading(text("a", finishReason="STOP", top={"usageMetadata": USAGE}), include_usage=False)
    assert all(chunk.usage is None for chunk in seen.chunks)
    assert seen.decoder.usage.total_tokens == 5


def test_the_last_counts_are_read_while_the_stream_goes_on() -> None:
    decoder = reading(text("a"), text("b", top={"usageMetadata": USAGE})).decoder
    assert decoder.usage.prompt_tokens == 3


def test_an_array_is_read_as_it_comes() -> None:
    events = [text("a"), text("b"), text("c", finishReason="STOP")]
    body = json.dumps(events, indent=2).encode()
    whole = read([body], dialect=GEMINI)
    assert (whole.text(), whole.error) == ("abc", None)
    assert read(cut(body, range(len(body))), dialect=GEMINI).outcome == whole.outcome


def test_a_finish_reason_before_the_last_text_comes_last() -> None:
    seen = reading(text("a", finishReason="STOP"), text("b"), text("c", finishReason="MAX_TOKENS"))
    assert seen.text() == "abc"
    assert seen.finishes == {0: ["length"]}
    assert seen.chunks[-1].choices[0].finish_reason == "length"


def test_calls_are_numbered_through_the_stream() -> None:
    first = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"}
    seen = reading(
        event(first, {"functionCall": {"name": "g", "args": {}}}),
        event({"functionCall": {"name": "f", "args": {"a": 2}, "id": "given"}}, finishReason="STOP"),
    )
    assert tool_calls(seen) == [
        {"id": "call_id1__thought__c2ln", "name": "f", "arguments": '{"a":1}'},
        {"id": "call_id2", "name": "g", "arguments": "{}"},
        {"id": "given", "name": "f", "arguments": '{"a":2}'},
    ]
    assert seen.finishes == {0: ["tool_calls"]}
    delta = seen.chunks[0].choices[0].delta
    assert delta.provider_specific_fields == {"thought_signatures": ["c2ln"]}
    assert delta.tool_calls[0]["provider_specific_fields"] == {"thought_signature": "c2ln"}


def test_arguments_in_pieces_are_one_call() -> None:
    pieces = [
        {"name": "f", "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.a", "stringValue": "x", "willContinue": True}], "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.a", "stringValue": "y"}], "willContinue": True},
        {},
    ]
    seen = reading(*(event({"functionCall": piece}) for piece in pieces), event(finishReason="STOP"))
    assert tool_calls(seen) == [{"id": "call_id1", "name": "f", "arguments": '{"a":"xy"}'}]


def test_a_call_that_is_not_whole_at_the_end_raises() -> None:
    seen = reading(event({"functionCall": {"name": "f", "willContinue": True}}, finishReason="STOP"))
    assert isinstance(seen.error, e.ToolCallIncomplete)


def test_several_candidates_have_a_role_and_an_end_each() -> None:
    both = {
        "candidates": [
            {"content": {"parts": [{"text": word}]}, "index": index, "finishReason": "STOP"}
            for index, word in enumerate(("a", "b"))
        ]
    }
    seen = reading(both)
    assert (seen.text(0), seen.text(1)) == ("a", "b")
    assert seen.finishes == {0: ["stop"], 1: ["stop"]}
    roles = [choice.index for chunk in seen.chunks for choice in chunk.choices if choice.delta.role]
    assert roles == [0, 1]


def test_metadata_stands_on_the_chunk_of_its_event_or_the_next() -> None:
    seen = reading(
        text("a", safetyRatings=[{"probability": "LOW"}]),
        event(groundingMetadata={"webSearchQueries": ["q"]}, finishReason="STOP"),
    )
    assert seen.chunks[0]["vertex_ai_safety_results"] == [[{"probability": "LOW"}]]
    assert seen.chunks[1]["vertex_ai_grounding_metadata"] == [{"webSearchQueries": ["q"]}]


def test_sources_are_given_once_and_count_characters_of_the_whole_text() -> None:
    support = {"segment": {"startIndex": 3, "endIndex": 6, "text": "two"}, "groundingChunkIndices": [0]}
    grounding = {"groundingChunks": [{"web": {"uri": "https://h"}}], "groundingSupports": [support]}
    seen = reading(
        text("ä "),
        text("t"),
        text("wo", groundingMetadata=grounding),
        text("", groundingMetadata=grounding, finishReason="STOP"),
    )
    notes = [note for chunk in seen.chunks for choice in chunk.choices for note in choice.delta.annotations or ()]
    assert [(note["url_citation"]["start_index"], note["url_citation"]["end_index"]) for note in notes] == [(2, 5)]


def test_a_blocked_prompt_ends_with_content_filter() -> None:
    seen = reading({"promptFeedback": {"blockReason": "OTHER"}, "usageMetadata": USAGE})
    assert seen.finishes == {0: ["content_filter"]}
    assert seen.chunks[0].choices[0].delta.role == "assistant"
    assert seen.chunks[0]["vertex_ai_prompt_feedback"] == [{"blockReason": "OTHER"}]
    assert seen.chunks[1].usage.prompt_tokens == 3


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (
            b'data: {"error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED"}}\r\n\r\n',
            e.RateLimitError,
        ),
        (b'{\n  "error": {"code": 499, "message": "gone"}\n}\n', e.BadRequestError),
        (b'data: [{"error": {"code": 503, "message": "busy"}}]\r\n\r\n', e.ServiceUnavailableError),
        (b'data: {"candidates": 7}\r\n\r\n', e.InvalidChunk),
        (b"data: 7\r\n\r\n", e.InvalidChunk),
        (b"data: {broken\r\n\r\n", e.InvalidChunk),
        (b"", e.StreamTruncated),
    ],
)
def test_a_stream_that_breaks_off_raises_after_its_chunks(tail: bytes, expected: type) -> None:
    seen = read([stream(text("a"), text("b")) + tail], dialect=GEMINI)
    assert type(seen.error) is expected
    assert seen.text() == "ab"
    partial = seen.decoder.partial()
    assert partial is not None
    assert (partial.choices[0].message.content, partial.choices[0].finish_reason) == ("ab", None)


def test_nothing_is_left_of_a_stream_that_said_nothing() -> None:
    seen = reading({"usageMetadata": USAGE})
    assert type(seen.error) is e.StreamTruncated
    assert seen.decoder.partial() is None


def test_numbers_that_are_none_do_not_cost_the_answer() -> None:
    odd = {"totalTokenCount": 5, "promptTokenCount": "x", "promptTokensDetails": [7, {"modality": [1]}]}
    seen = reading(
        text("a", index="x"),
        text("b", index=0),
        text("c", finishReason="STOP", index=None, top={"usageMetadata": odd}),
    )
    assert (seen.text(), seen.error) == ("abc", None)
    assert (seen.decoder.usage.prompt_tokens, seen.decoder.usage.total_tokens) == (0, 5)


def test_half_a_character_does_not_cost_the_answer() -> None:
    body = stream(text("a")) + b'data: {"candidates": [{"content": {"parts": [{"text": "\\ud83d"}]}}]}\r\n\r\n'
    seen = read([body + stream(text("b", finishReason="STOP"))], dialect=GEMINI)
    assert (seen.text(), seen.error) == ("a\ufffdb", None)

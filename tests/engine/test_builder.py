"""The chunks of a stream back into one response."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.engine.builder import stream_chunk_builder
from aiollm.exceptions import APIError
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import Message, ModelResponse
from tests.dialects.reading import Reading, read

PAYLOADS: list[dict[str, Any]] = [
    {"id": "c", "created": 7, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
    {"id": "c", "created": 7, "choices": [{"index": 0, "delta": {"reasoning": "hm"}}]},
    {"id": "c", "created": 7, "choices": [{"index": 0, "delta": {"content": "Hel"}}], "citations": ["x"]},
    {
        "id": "c",
        "created": 7,
        "choices": [{"index": 0, "delta": {"content": "lo", "odd": [1]}}],
        "citations": ["x", "y"],
    },
    {"id": "c", "created": 7, "choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]},
]
USAGE = {"id": "c", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}


def reading(*payloads: dict[str, Any]) -> Reading:
    return read(
        [b"".join(b"data: " + json.dumps(payload).encode() + b"\n\n" for payload in payloads) + b"data: [DONE]\n\n"]
    )


def built(chunks: Any, **more: Any) -> ModelResponse:
    response = stream_chunk_builder(chunks, **more)
    assert response is not None
    return response


def test_the_answer_of_a_stream() -> None:
    response = built(reading(*PAYLOADS, USAGE).chunks, messages=[{"role": "user", "content": "Hi"}])
    choice = response.choices[0]
    assert (response.id, response.created, response.model, response.object) == ("c", 7, "asked-for", "chat.completion")
    assert (choice.message.content, choice.message.reasoning_content, choice.finish_reason) == ("Hello", "hm", "length")
    assert (choice.message.odd, response.citations) == ([1], ["x", "y"])
    assert response.usage is not None
    assert (response.usage.total_tokens, "estimated" in response.usage) == (3, False)


def test_dicts_and_objects_give_the_same() -> None:
    chunks = reading(*PAYLOADS, USAGE).chunks
    assert built([chunk.model_dump() for chunk in chunks]) == built(chunks)
    assert built(json.loads(chunk.model_dump_json()) for chunk in chunks) == built(iter(chunks))


def test_the_wires_own_chunks_can_be_given() -> None:
    response = built([*PAYLOADS, USAGE])
    assert (response.choices[0].message.content, response.usage and response.usage.total_tokens) == ("Hello", 3)


def test_two_calls_in_one_delta_without_an_index_stay_two() -> None:
    calls = [
        {"id": "a", "function": {"name": "f", "arguments": "{}"}},
        {"id": "b", "function": {"name": "g", "arguments": "{}"}},
    ]
    response = built([{"choices": [{"index": 0, "delta": {"tool_calls": calls}}]}])
    assert [call.function.name for call in response.choices[0].message.tool_calls or ()] == ["f", "g"]
    assert response.choices[0].finish_reason == "tool_calls"


def test_building_changes_no_chunk_and_may_be_done_again() -> None:
    chunks = reading(*PAYLOADS, USAGE).chunks
    before = [chunk.model_dump() for chunk in chunks]
    assert built(chunks) == built(chunks)
    assert [chunk.model_dump() for chunk in chunks] == before


def test_no_chunks_make_no_answer() -> None:
    assert stream_chunk_builder([]) is None
    assert stream_chunk_builder([ModelResponseStream(id="x")]) is None


@pytest.mark.parametrize(
    "chunks",
    [None, 5, [None], ["x"], [5], [{"choices": 5}], [{"choices": [5]}], [{"choices": [{"delta": {"content": 5}}]}]],
)
def test_what_is_no_chunk_is_an_api_error(chunks: Any) -> None:
    with pytest.raises(APIError, match="chunk") as caught:
        stream_chunk_builder(chunks)
    assert caught.value.param == "chunks"
    assert caught.value.status_code == 500


def test_the_place_of_what_is_no_chunk_is_named() -> None:
    with pytest.raises(APIError, match=r"chunks\[2\] is not a chunk"):
        stream_chunk_builder([*reading(*PAYLOADS).chunks[:2], "x"])  # type: ignore[list-item]


def test_chunks_that_do_not_fit_together_are_an_api_error() -> None:
    with pytest.raises(APIError, match="chunks do not fit together"):
        stream_chunk_builder([{"choices": [{"index": "a", "delta": {}}]}, *PAYLOADS])


def test_usage_is_estimated_from_the_texts_when_messages_are_given_and_says_so() -> None:
    messages: list[Any] = [
        {"role": "user", "content": "x" * 40},
        Message(content="y" * 40),
        {"role": "user", "content": [{"type": "text", "text": "z"}]},
    ]
    chunks = reading(*PAYLOADS).chunks
    usage = built(chunks, messages=messages).usage
    assert usage is not None
    assert usage.estimated is True
    assert usage.completion_tokens == 2
    assert 20 < usage.prompt_tokens < 60
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert built(chunks).usage is None


def test_reported_usage_is_never_replaced_by_an_estimate() -> None:
    usage = built(reading(*PAYLOADS, USAGE).chunks, messages=[{"role": "user", "content": "x" * 4000}]).usage
    assert usage is not None
    assert usage.prompt_tokens == 1


def test_an_answer_without_a_finish_reason_has_stopped() -> None:
    assert built(reading(*PAYLOADS[:3]).chunks).choices[0].finish_reason == "stop"

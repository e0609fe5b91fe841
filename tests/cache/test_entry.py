"""Answers as bytes and back: all of what users see, and never an error whatever the bytes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiollm import EmbeddingResponse, ModelResponse, ResponsesAPIResponse
from aiollm.cache.entry import Answer, read_entry, worth_keeping, write_entry
from aiollm.types.origin import Origin

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CHAT = ModelResponse(
    id="chatcmpl-1",
    created=7,
    model="m",
    citations=["x"],
    choices=[
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {"content": None, "tool_calls": [CALL], "reasoning_content": "hm", "odd": {"a": 1}},
            "logprobs": {"content": [{"token": "a", "logprob": -0.5}]},
        }
    ],
    usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "queue_time": 0.5},
)
RESPONSE = ResponsesAPIResponse(
    id="resp",
    status="completed",
    output=[{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}],
    usage={"input_tokens": 1},
    further={"a": 1},
)
EMBEDDING = EmbeddingResponse(model="m", data=[{"embedding": [0.1, -2.5e-8], "index": 0}], usage={"prompt_tokens": 2})
ANSWERS: dict[Any, Answer] = {"chat": CHAT, "responses": RESPONSE, "embeddings": EMBEDDING}


@pytest.mark.parametrize("api", list(ANSWERS))
def test_an_answer_comes_back_as_it_was(api: Any) -> None:
    answer = ANSWERS[api].model_copy()
    answer._origin = Origin(served_model="m-2026")
    entry = read_entry(api, write_entry(api, answer, 12.5))
    assert entry is not None
    assert entry.answer == answer
    assert entry.answer.model_dump() == answer.model_dump()
    assert (entry.stored, entry.served_model, entry.lacks_usage) == (12.5, "m-2026", False)


def test_the_usage_is_missed_only_where_nobody_asked_for_it() -> None:
    answer = CHAT.model_copy(update={"usage": None})
    lacking = [
        read_entry("chat", write_entry("chat", answer, 0, asked_usage=asked)).lacks_usage for asked in (True, False)
    ]
    assert lacking == [False, True]


def test_an_answer_of_another_api_or_version_is_none() -> None:
    data = write_entry("chat", CHAT, 0)
    assert read_entry("responses", data) is None
    version, *rest = msgspec.json.decode(data)
    assert read_entry("chat", msgspec.json.encode([version + 1, *rest])) is None
    assert read_entry("chat", msgspec.json.encode([version + 1, "of", "another", "shape"])) is None


@given(st.sampled_from(list(ANSWERS)), st.data())
def test_damaged_bytes_are_no_answer_and_no_error(api: Any, data: st.DataObject) -> None:
    whole = write_entry(api, ANSWERS[api], 0)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert read_entry(api, whole[:cut]) is None
    noise = data.draw(st.binary(max_size=4))
    read_entry(api, whole[:cut] + noise + whole[cut + len(noise) :])


@pytest.mark.parametrize(
    "answer", [5, [], {"choices": 5}, {"choices": [5]}, {"choices": [{"message": 5}]}, {"usage": 5}]
)
def test_json_of_another_shape_is_no_error(answer: Any) -> None:
    read_entry("chat", msgspec.json.encode([1, "chat", 0.0, None, False, answer]))


def finished(*reasons: str | None) -> ModelResponse:
    return ModelResponse(choices=[{"index": place, "finish_reason": reason} for place, reason in enumerate(reasons)])


WORTH: list[tuple[Answer, bool]] = [
    (finished("stop"), True),
    (finished("length"), True),
    (finished("stop", "tool_calls"), True),
    (finished("content_filter"), False),
    (finished("stop", "content_filter"), False),
    (finished(None), False),
    (finished(), False),
    (RESPONSE, True),
    (RESPONSE.model_copy(update={"status": "queued"}), False),
    (RESPONSE.model_copy(update={"status": None}), False),
    (ResponsesAPIResponse(status="incomplete", incomplete_details={"reason": "max_output_tokens"}), True),
    (ResponsesAPIResponse(status="incomplete", incomplete_details={"reason": "content_filter"}), False),
    (EMBEDDING, True),
]


@pytest.mark.parametrize(("answer", "worth"), WORTH)
def test_only_an_answer_that_came_to_its_own_end_is_worth_keeping(answer: Answer, worth: bool) -> None:
    assert worth_keeping(answer) is worth

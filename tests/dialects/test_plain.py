"""Plain answers decoded in one go: they must read as the general way reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.dialects.openai import OpenAI
from aiollm.dialects.plain import plain_response
from aiollm.types.response import ModelResponse
from tests.dialects.reading import context, decode, request

COUNTS = {"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29}
DETAILS = {
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 3,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}


def reply(
    choice: dict[str, Any] | None = None,
    message: dict[str, Any] | None = None,
    usage: dict[str, Any] | None = None,
    **members: Any,
) -> bytes:
    """A reply as api.openai.com writes it, with members put in at each level."""
    said = {"role": "assistant", "content": "Hello", "refusal": None, "annotations": []}
    answer = {"index": 0, "message": {**said, **(message or {})}, "logprobs": None, "finish_reason": "stop"}
    head = {"id": "c", "object": "chat.completion", "created": 7, "model": "m-1", "service_tier": "default"}
    whole = {**head, "choices": [{**answer, **(choice or {})}], "usage": {**COUNTS, **DETAILS, **(usage or {})}}
    return json.dumps({**whole, **members}).encode()


def general(body: bytes) -> ModelResponse:
    """The answer as it is read when it is not plain: a foreign finish reason keeps it from being so."""
    wanted = request(stream=False)
    return OpenAI().decode(
        body.replace(b'"finish_reason": "stop"', b'"finish_reason": "STOP"'), wanted, context(wanted)
    )


PLAIN = {
    "openai": reply(),
    "no_details": reply(usage={"prompt_tokens_details": None, "completion_tokens_details": None}),
    "fields_nobody_knows": reply(
        {"stop_reason": 5},
        {"words": [1]},
        {"queue_time": 0.1, "prompt_tokens_details": {"cached_tokens": 1, "video_tokens": 2}},
        provider="P",
    ),
    "details_nobody_knows": reply(usage={"completion_tokens_details": {"reasoning_tokens": 3, "drafted_tokens": 4}}),
}
NOT_PLAIN = {
    "log_probabilities": reply({"logprobs": {"content": [{"token": "a", "logprob": -1, "spare": 1}], "spare": 2}}),
    "function_call": reply(message={"function_call": {"name": "f", "arguments": "{}", "spare": 1}}),
    "cache_hits": reply(usage={"prompt_cache_hit_tokens": 3}),
    "cached_beside": reply(usage={"cached_tokens": 3, "prompt_tokens_details": None}),
    "reasoning_beside": reply(usage={"reasoning_tokens": 3, "completion_tokens_details": None}),
    "reasoning_not_counted": reply(usage={"total_tokens": 32}),
    "no_total": reply(usage={"total_tokens": 0}),
    "cost_in_parts": reply(usage={"cost": {"total_cost": 0.25, "input_tokens_cost": 0.1}}),
}


@pytest.mark.parametrize("body", PLAIN.values(), ids=PLAIN)
def test_what_is_plain_reads_as_in_the_general_way(body: bytes) -> None:
    response, other = plain_response(body), general(body)
    assert response is not None
    del other.choices[0]["_rest"]["native_finish_reason"]
    assert response.model_dump() == other.model_dump()


@pytest.mark.parametrize("body", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_is_more_than_plain_is_left_to_the_general_way(body: bytes) -> None:
    assert plain_response(body) is None
    assert decode(body).choices[0].message.content == "Hello"


def test_fields_of_the_details_survive() -> None:
    response = plain_response(PLAIN["fields_nobody_knows"])
    assert response is not None
    assert response.usage is not None
    assert response.usage.prompt_tokens_details is not None
    assert response.usage.prompt_tokens_details.video_tokens == 2
    assert response.usage.queue_time == 0.1


def test_fields_of_log_probabilities_survive() -> None:
    logprobs = decode(NOT_PLAIN["log_probabilities"]).choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content
    assert (logprobs.spare, logprobs.content[0].spare) == (2, 1)


def test_a_cost_in_parts_is_its_total() -> None:
    usage = decode(NOT_PLAIN["cost_in_parts"]).usage
    assert usage is not None
    assert usage.cost == 0.25

"""Gemini's requests, whole replies, and errors in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.gemini import Gemini
from aiollm.dialects.table import dialect_of
from aiollm.types.response import ModelResponse
from aiollm.wire.http import ReplyHead
from aiollm.wire.jsonarray import ArrayOrEventsFramer
from tests.dialects.reading import MODEL, NOW, context, decode, endpoint, request

GEMINI = Gemini()


def whole(*parts: dict[str, Any], top: dict[str, Any] | None = None, **candidate: Any) -> ModelResponse:
    one = {"content": {"parts": list(parts), "role": "model"}, "finishReason": "STOP", "index": 0, **candidate}
    return decode(json.dumps({"candidates": [one], **(top or {})}).encode(), dialect=GEMINI)


def test_it_is_in_the_table() -> None:
    assert isinstance(dialect_of("gemini"), Gemini)
    assert isinstance(GEMINI.framer(), ArrayOrEventsFramer)


@pytest.mark.parametrize(
    ("stream", "url", "accept"),
    [
        (True, "https://h/m:streamGenerateContent?alt=sse", "text/event-stream"),
        (False, "https://h/m:generateContent", "application/json"),
    ],
)
def test_a_request_says_in_its_url_whether_it_streams(stream: bool, url: str, accept: str) -> None:
    there = endpoint(
        url="https://h/m:generateContent",
        stream_url="https://h/m:streamGenerateContent?alt=sse",
        headers={"X-Title": "t"},
    )
    sent = GEMINI.encode(request(stream=stream), there)
    assert sent.url == url
    assert sent.headers == {"Content-Type": "application/json", "Accept": accept, "X-Title": "t"}
    assert json.loads(sent.body) == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def test_a_whole_answer() -> None:
    response = whole(
        {"text": "hmm", "thought": True},
        {"text": "one ", "thoughtSignature": "c2ln"},
        {"text": "two"},
        top={"responseId": "r1", "modelVersion": "gemini-9", "usageMetadata": {"promptTokenCount": 1}},
    )
    assert (response.id, response.model, response.created) == ("r1", MODEL, NOW)
    assert response._hidden_params["provider_response_model"] == "gemini-9"
    choice = response.choices[0]
    assert (choice.message.content, choice.message.reasoning_content) == ("one two", "hmm")
    assert choice.message.provider_specific_fields == {"thought_signatures": ["c2ln"]}
    assert choice.finish_reason == "stop"
    assert "native_finish_reason" not in choice
    assert response.usage is not None


def test_function_calls_get_ids_and_keep_their_signatures() -> None:
    response = whole(
        {"functionCall": {"name": "f", "args": {"a": "ä"}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "g", "id": "given"}},
    )
    first, second = response.choices[0].message.tool_calls or ()
    assert (first.id, first.function.name, first.function.arguments) == ("call_id1__thought__c2ln", "f", '{"a":"ä"}')
    assert first["provider_specific_fields"] == {"thought_signature": "c2ln"}
    assert (second.id, second.function.arguments) == ("given", "{}")
    assert response.choices[0].finish_reason == "tool_calls"
    assert response.choices[0].message.content is None
    assert "index" not in first


def test_members_that_are_null_say_nothing() -> None:
    nothing = {"text": None, "functionCall": None, "inlineData": None, "thought": None}
    response = whole({**nothing, "text": "a"}, nothing, {**nothing, "functionCall": {"name": "f", "args": None}})
    message = response.choices[0].message
    assert (message.content, message.provider_specific_fields) == ("a", None)
    assert [call.function.arguments for call in message.tool_calls or ()] == ["{}"]


def test_images_audio_and_what_google_ran() -> None:
    ran = [{"executableCode": {"code": "1"}}, {"codeExecutionResult": {"outcome": "OUTCOME_OK"}}]
    pdf = {"inlineData": {"mimeType": "application/pdf", "data": "YWJj"}}
    response = whole(
        *ran,
        {"inlineData": {"mimeType": "image/png", "data": "YWJj"}},
        {"inlineData": {"mimeType": "image/png", "data": "ZGVm"}},
        {"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "YWJj"}},
        pdf,
    )
    message = response.choices[0].message
    assert message.images == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}, "index": 0},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,ZGVm"}, "index": 1},
    ]
    assert message.audio == {"data": "YWJj", "mime_type": "audio/L16;rate=24000"}
    assert message.provider_specific_fields == {"server_parts": [*ran, pdf]}


def test_sources_point_into_the_text_by_characters() -> None:
    grounding = {
        "groundingChunks": [
            {"web": {"uri": "https://h/1", "title": "One"}},
            {"retrievedContext": {"uri": "https://h/2"}},
        ],
        "groundingSupports": [
            {"segment": {"startIndex": 3, "endIndex": 6, "text": "two"}, "groundingChunkIndices": [0, 1, 9]},
            {"segment": {"startIndex": 1, "endIndex": 2, "text": "elsewhere"}, "groundingChunkIndices": [0]},
            {"segment": {"startIndex": 3, "endIndex": 6, "text": "two"}, "groundingChunkIndices": [0]},
        ],
    }
    response = whole({"text": "ä two"}, groundingMetadata=grounding, safetyRatings=[{"probability": "LOW"}])
    found = [note["url_citation"] for note in response.choices[0].message.annotations]
    assert found == [
        {"start_index": 2, "end_index": 5, "url": "https://h/1", "title": "One"},
        {"start_index": 2, "end_index": 5, "url": "https://h/2", "title": ""},
        {"start_index": 1, "end_index": 2, "url": "https://h/1", "title": "One"},
    ]
    assert response["vertex_ai_grounding_metadata"] == [grounding]
    assert response["vertex_ai_safety_results"] == [[{"probability": "LOW"}]]
    assert "vertex_ai_citation_metadata" not in response


def test_log_probabilities() -> None:
    token, other = {"token": "a", "logProbability": -0.5}, {"token": "b", "logProbability": -2}
    result = {"chosenCandidates": [token, other], "topCandidates": [{"candidates": [token, other]}]}
    choice = whole({"text": "ab"}, logprobsResult=result, avgLogprobs=-1.25).choices[0]
    assert choice.logprobs is not None
    first, second = choice.logprobs.content or ()
    assert (first.token, first.logprob, first.bytes) == ("a", -0.5, [97])
    assert [top.token for top in first.top_logprobs] == ["a", "b"]
    assert second.top_logprobs == []
    assert choice["avg_logprobs"] == -1.25


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("MODEL_ARMOR", "content_filter"),
        ("PUP_LIMITED_DISABLED", "content_filter"),
        ("IMAGE_RECITATION", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "stop"),
        (2, "length"),
        (3, "content_filter"),
    ],
)
def test_a_finish_reason_keeps_geminis_name(native: Any, reason: str) -> None:
    choice = whole({"text": "a"}, finishReason=native, finishMessage="in words").choices[0]
    assert choice.finish_reason == reason
    assert choice["native_finish_reason"] in (native, "MAX_TOKENS", "SAFETY")
    assert choice["finish_message"] == "in words"


@pytest.mark.parametrize("native", [None, "FINISH_REASON_UNSPECIFIED", 0])
def test_a_whole_answer_without_a_finish_reason_is_a_normal_end(native: Any) -> None:
    assert whole({"text": "a"}, finishReason=native).choices[0].finish_reason == "stop"


def test_a_blocked_prompt_ends_with_content_filter() -> None:
    feedback = {"blockReason": "JAILBREAK", "blockReasonMessage": "No."}
    response = decode(json.dumps({"promptFeedback": feedback}).encode(), dialect=GEMINI)
    choice = response.choices[0]
    assert (choice.finish_reason, choice.message.content) == ("content_filter", None)
    assert (choice["native_finish_reason"], choice["finish_message"]) == ("JAILBREAK", "No.")
    assert response["vertex_ai_prompt_feedback"] == [feedback]


def test_several_candidates_are_several_choices() -> None:
    payload = {
        "candidates": [
            {"content": {"parts": [{"text": text}]}, "finishReason": "STOP", "index": index}
            for index, text in enumerate(("a", "b"))
        ]
    }
    response = decode(json.dumps(payload).encode(), dialect=GEMINI)
    assert [(choice.index, choice.message.content) for choice in response.choices] == [(0, "a"), (1, "b")]


@pytest.mark.parametrize(
    ("body", "expected", "words"),
    [
        (b"<html>", e.APIResponseValidationError, "not JSON"),
        (b"[]", e.APIResponseValidationError, "without `candidates`"),
        (b'{"candidates": []}', e.APIResponseValidationError, "without `candidates`"),
        (b'{"candidates": [7]}', e.APIResponseValidationError, "of another type"),
        (b'{"error": {"code": 429, "message": "slow"}}', e.RateLimitError, "slow"),
        (b'[{"error": {"code": 503, "message": "busy"}}]', e.ServiceUnavailableError, "busy"),
    ],
)
def test_what_is_no_answer_raises(body: bytes, expected: type, words: str) -> None:
    with pytest.raises(expected, match=words):
        decode(body, dialect=GEMINI)


def test_an_error_that_is_no_json_is_quoted() -> None:
    error = GEMINI.error(ReplyHead(502, {}), b"Bad Gateway", request(), endpoint())
    assert (type(error), str(error)) == (e.BadGatewayError, "acme answered 502: Bad Gateway")


def test_a_whole_answer_splits_into_chunks() -> None:
    asked = request()
    chunks = [*GEMINI.split(whole({"text": "a"}), context(asked), asked)]
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["a", None]
    assert chunks[-1].choices[0].finish_reason == "stop"

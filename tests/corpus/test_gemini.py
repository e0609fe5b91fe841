"""Recorded replies of Gemini and of Vertex AI, read whole, byte by byte, and cut at every frame edge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm import stream_chunk_builder
from aiollm.dialects.gemini import Gemini
from aiollm.wire.http import ReplyHead
from tests.corpus.recordings import Recording, recordings
from tests.corpus.rules import check_answer, check_chunks, check_cuts
from tests.dialects.reading import MODEL, decode, endpoint, read, request, tool_calls

GEMINI = Gemini()
FAILING = {
    "gemini-generate-content/stream-503-midstream": "ServiceUnavailableError",
    "vertex-gemini/stream-text-unknown-40958d6e": "BadRequestError",  # 499: cancelled, in bare JSON after two events
    "vertex-gemini/stream-text-unknown-a53aad85": "StreamTruncated",  # one event without a part, and no finish reason
}
CLASSES: dict[int, type] = {
    400: e.BadRequestError,
    401: e.AuthenticationError,
    403: e.PermissionDeniedError,
    404: e.NotFoundError,
    429: e.RateLimitError,
    503: e.ServiceUnavailableError,
}
FILTERS = {"SAFETY", "RECITATION", "OTHER"}
LENGTHS = {"MAX_TOKENS", 2}


ALL = recordings("gemini", lambda head, body: False)
STREAMS = [one for one in ALL if one.streamed and one.status == 200]
ENDING = [one for one in STREAMS if one.name not in FAILING]
WHOLE = [one for one in ALL if not one.streamed and one.status == 200]
ERRORS = [one for one in ALL if one.status != 200]


def each(chosen: list[Recording]) -> Any:
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def events(recording: Recording) -> list[dict[str, Any]]:
    """The answers in a reply, read without any of our code."""
    body = recording.body.replace(b"\r\n", b"\n")
    if body.lstrip()[:1] in (b"[", b"{"):
        found = json.loads(body)
        return found if isinstance(found, list) else [found]
    return [json.loads(line[5:]) for line in body.split(b"\n") if line.startswith(b"data:")]


def candidates(recording: Recording) -> list[dict[str, Any]]:
    return [candidate for event in events(recording) for candidate in event.get("candidates") or ()]


def parts(recording: Recording) -> list[dict[str, Any]]:
    return [part for one in candidates(recording) for part in (one.get("content") or {}).get("parts") or ()]


def text(recording: Recording, *, thought: bool = False) -> str:
    return "".join(part.get("text", "") for part in parts(recording) if bool(part.get("thought")) == thought)


def calls(recording: Recording) -> list[tuple[str, Any]]:
    if "9d5c2d9c" in recording.name:  # its arguments come in pieces
        return [("getWeather", {"location": "Boston"}), ("getWeather", {"location": "San Francisco"})]
    return [
        (part["functionCall"]["name"], part["functionCall"].get("args") or {})
        for part in parts(recording)
        if "functionCall" in part
    ]


def finish(recording: Recording) -> str:
    reasons = [one["finishReason"] for one in candidates(recording) if one.get("finishReason")]
    if not reasons:
        return "stop" if candidates(recording) else "content_filter"
    if reasons[-1] in FILTERS:
        return "content_filter"
    if reasons[-1] in LENGTHS:
        return "length"
    return "tool_calls" if calls(recording) else "stop"


def counts(recording: Recording) -> dict[str, Any]:
    return next((event["usageMetadata"] for event in reversed(events(recording)) if "usageMetadata" in event), {})


def check_usage(usage: Any, sent: dict[str, Any]) -> None:
    if not any(isinstance(value, int) for value in sent.values()):
        assert usage is None
        return
    answer, thoughts = sent.get("candidatesTokenCount", 0), sent.get("thoughtsTokenCount", 0)
    assert usage.prompt_tokens == sent.get("promptTokenCount", 0)
    assert usage.completion_tokens == answer + thoughts
    assert usage.total_tokens == (sent["totalTokenCount"] or sent["promptTokenCount"] + answer + thoughts)
    if thoughts:
        assert usage.completion_tokens_details.reasoning_tokens == thoughts
    if cached := sent.get("cachedContentTokenCount"):
        assert usage.prompt_tokens_details.cached_tokens == cached


def test_there_is_much_to_replay(corpus: Path) -> None:
    assert len(STREAMS) >= 70
    assert len(WHOLE) >= 60
    assert len(ERRORS) >= 14
    assert sum(one.body.startswith(b"[") for one in STREAMS) >= 9
    assert FAILING.keys() <= {one.name for one in STREAMS}


@each(STREAMS)
def test_a_stream_is_the_same_however_it_is_cut(recording: Recording) -> None:
    check_cuts(recording, GEMINI, b"\r\n\r\n" if b"\r\n\r\n" in recording.body else b"\n}\n")


@each(STREAMS)
def test_a_stream_ends_as_it_did(recording: Recording) -> None:
    reading = read([recording.body], dialect=GEMINI)
    assert type(reading.error).__name__ == FAILING.get(recording.name, "NoneType")
    if reading.error is None:
        assert reading.finishes == {0: [finish(recording)]}


@each(ENDING)
def test_a_stream_keeps_the_rules(recording: Recording) -> None:
    reading = read([recording.body], dialect=GEMINI)
    check_chunks(reading)
    check_answer(reading)
    named = [event["responseId"] for event in events(recording) if "responseId" in event]
    assert reading.chunks[0].id == (named[0] if named else "chatcmpl-id1")


@each(STREAMS)
def test_all_that_a_stream_says_is_in_its_chunks(recording: Recording) -> None:
    if recording.name in FAILING:
        return
    reading = read([recording.body], dialect=GEMINI)
    assert reading.text() == text(recording)
    assert reading.text(field="reasoning_content") == text(recording, thought=True)
    made = [(call["name"], json.loads(call["arguments"])) for call in tool_calls(reading)]
    assert made == calls(recording)
    assert len({call["id"] for call in tool_calls(reading)}) == len(made)
    specific = [choice.delta.provider_specific_fields or {} for chunk in reading.chunks for choice in chunk.choices]
    signatures = [mark for fields in specific for mark in fields.get("thought_signatures", ())]
    assert signatures == [part["thoughtSignature"] for part in parts(recording) if "thoughtSignature" in part]
    kept = [part for fields in specific for part in fields.get("server_parts", ())]
    assert kept == [
        part
        for part in parts(recording)
        if part.keys() & {"executableCode", "codeExecutionResult", "toolCall", "toolResponse"}
    ]


@each(ENDING)
def test_the_usage_of_a_stream_is_kept(recording: Recording) -> None:
    reading = read([recording.body], dialect=GEMINI)
    check_usage(reading.decoder.usage, counts(recording))
    last = reading.chunks[-1]
    assert last.usage == reading.decoder.usage


@each(ENDING)
def test_the_builder_puts_a_stream_together(recording: Recording) -> None:
    reading = read([recording.body], dialect=GEMINI)
    built = stream_chunk_builder(reading.chunks)
    assert built is not None
    assert (built.choices[0].message.content or "") == text(recording)
    assert len(built.choices[0].message.tool_calls or ()) == len(calls(recording))
    assert built.choices[0].finish_reason == finish(recording)


@each(WHOLE)
def test_a_whole_reply_is_read(recording: Recording) -> None:
    response = decode(recording.body, dialect=GEMINI)
    message = response.choices[0].message
    assert response.model == MODEL
    assert (message.content or "") == text(recording)
    assert (message.reasoning_content or "") == text(recording, thought=True)
    made = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or ()]
    assert made == calls(recording)
    assert response.choices[0].finish_reason == finish(recording)
    check_usage(response.usage, counts(recording))
    images = [part["inlineData"] for part in parts(recording) if "inlineData" in part]
    assert [image["image_url"]["url"] for image in message.images or ()] == [
        f"data:{image['mimeType']};base64,{image['data']}" for image in images
    ]
    json.loads(response.model_dump_json())


@each(WHOLE)
def test_a_whole_reply_may_be_sent_back(recording: Recording) -> None:
    message = decode(recording.body, dialect=GEMINI).choices[0].message.model_dump(exclude_none=True)
    asked = request(messages=[{"role": "user", "content": "hi"}, message])
    turns = json.loads(GEMINI.encode(asked, endpoint()).body)["contents"]
    sent = [part for turn in turns[1:] for part in turn["parts"]]
    assert "".join(part.get("text", "") for part in sent) == text(recording)
    assert [
        (part["functionCall"]["name"], part["functionCall"]["args"]) for part in sent if "functionCall" in part
    ] == (calls(recording))
    signed = [part for part in parts(recording) if "thoughtSignature" in part]
    assert sorted(part["thoughtSignature"] for part in sent if "thoughtSignature" in part) == sorted(
        part["thoughtSignature"] for part in signed
    )
    for part in signed:
        if "functionCall" in part:
            (there,) = [one for one in sent if one.get("thoughtSignature") == part["thoughtSignature"]]
            assert there["functionCall"]["name"] == part["functionCall"]["name"]


@each(ERRORS)
def test_an_error_has_its_class(recording: Recording) -> None:
    error = GEMINI.error(ReplyHead(recording.status, recording.headers), recording.body, request(), endpoint())
    expected = CLASSES[recording.status]
    if b"API_KEY_INVALID" in recording.body:
        expected = e.AuthenticationError
    elif b"exceeds the maximum number of tokens" in recording.body:
        expected = e.ContextWindowExceededError
    assert type(error) is expected
    assert error.status_code == recording.status
    assert error.type == json.loads(recording.body)["error"]["status"]
    assert str(error).startswith(f"acme answered {recording.status}: ")

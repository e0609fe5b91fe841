"""Recorded replies of the Responses API, read whole, byte by byte, and cut at every frame edge."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.responses import Responses
from aiollm.dialects.responses_api import ResponsesAPI
from aiollm.wire.http import ReplyHead
from tests.corpus.recordings import Recording, frame_edges, of_providers
from tests.dialects.reading import MODEL, Reading, context, cut, decode, endpoint, read, request

BYTE_BY_BYTE = 12_000  # bytes; of longer replies a sample of cuts
ALL = tuple(of_providers("openai-responses"))
STREAMS = [recording for recording in ALL if recording.streamed and recording.status < 400]
WHOLE = [recording for recording in ALL if not recording.streamed and recording.status < 400]
ERRORS = [recording for recording in ALL if recording.status >= 400]

ABNORMAL = {
    "openai-responses/stream-instream-error-gpt-4o-44129eae": "InternalServerError",
    "openai-responses/stream-instream-error-gpt-5-nano-ce62faea": "RateLimitError",
    "openai-responses/full-text-gpt-4o-27fecb62": "APIResponseValidationError",  # queued: asked for in the background
    "openai-responses/full-text-gpt-5.6-sol-84a70b2b": "APIResponseValidationError",
}
EDITED = {
    "openai-responses/stream-parallel-tools-gpt-5.1-codex-max-fb7fa687": "several streams in one file",
    "openai-responses/stream-server-tools-gpt-5.2-e8295026": "deltas that were left out by who recorded it",
}
"""Recordings whose last event says other things than the events before."""


def each(chosen: list[Recording]) -> Any:
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def payloads(body: bytes) -> list[dict[str, Any]]:
    """The events of a stream, read without any of our code."""
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    return [json.loads(line[5:]) for line in lines if line.startswith(b"data:") and b"[DONE]" not in line]


def said(response: dict[str, Any]) -> dict[str, Any]:
    """What a response object says: texts and calls, and how it ended."""
    texts = {"output_text": "", "refusal": ""}
    calls = []
    for item in response["output"]:
        if item["type"] == "message":
            for part in item["content"]:
                texts[part["type"]] += part.get("text") or part.get("refusal") or ""
        elif item["type"] in ("function_call", "custom_tool_call"):
            calls.append((item["name"], item.get("arguments", item.get("input")), item["call_id"]))
    reason = (response.get("incomplete_details") or {}).get("reason")
    ended = {None: "tool_calls" if calls else "stop", "max_output_tokens": "length"}[reason]
    return {"text": texts["output_text"], "refusal": texts["refusal"], "calls": calls, "finish": ended}


def answered(response: Any) -> dict[str, Any]:
    choice = response.choices[0]
    calls = [
        (call.function.name, call.function.arguments, call.id)
        if call.type == "function"
        else (call["custom"]["name"], call["custom"]["input"], call.id)
        for call in choice.message.tool_calls or ()
    ]
    return {
        "text": choice.message.content or "",
        "refusal": choice.message.refusal or "",
        "calls": calls,
        "finish": choice.finish_reason,
    }


def events_of(pieces: list[bytes]) -> Reading:
    return read(pieces, dialect=ResponsesAPI())  # type: ignore[arg-type]


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def test_there_is_much_to_replay(corpus: Path) -> None:
    assert (len(STREAMS), len(WHOLE), len(ERRORS)) == (96, 75, 9)
    assert {*ABNORMAL, *EDITED} <= {recording.name for recording in ALL}


@each(STREAMS)
def test_a_stream_is_the_same_however_it_is_cut(recording: Recording) -> None:
    body = recording.body
    whole = read([body], dialect=Responses()).outcome
    if len(body) <= BYTE_BY_BYTE:
        places: Any = range(len(body))
    else:
        places = random.Random(recording.name).sample(range(len(body)), BYTE_BY_BYTE // 12)
    assert read(cut(body, places), dialect=Responses()).outcome == whole
    edges = frame_edges(body)
    for shift in (-1, 0, 1):
        assert read(cut(body, [edge + shift for edge in edges]), dialect=Responses()).outcome == whole


@each(STREAMS)
def test_a_stream_keeps_the_rules(recording: Recording) -> None:
    reading = read([recording.body], dialect=Responses())
    assert type(reading.error).__name__ == ABNORMAL.get(recording.name, "NoneType")
    if reading.error is not None:
        assert not reading.chunks
        return
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in reading.chunks}) == 1
    assert reading.chunks[0].model == MODEL
    assert [chunk.choices[0].delta.role for chunk in reading.chunks if chunk.choices[0].delta.role] == ["assistant"]
    assert reading.chunks[0].choices[0].delta.role
    assert {index: len(reasons) for index, reasons in reading.finishes.items()} == {0: 1}
    assert reading.chunks[-1].choices == []
    assert reading.chunks[-1].usage == reading.decoder.usage
    for chunk in reading.chunks[:-1]:
        (choice,) = chunk.choices
        assert choice.finish_reason or any(value for _, value in choice.delta.items())


@each([recording for recording in STREAMS if recording.name not in {*ABNORMAL, *EDITED}])
def test_a_stream_says_what_its_last_event_says(recording: Recording) -> None:
    events = payloads(recording.body)
    last = next(event["response"] for event in events if event["type"] in ("response.completed", "response.incomplete"))
    partial = read([recording.body], dialect=Responses()).decoder.partial()
    if not last["output"]:  # Codex and others leave it out
        last["output"] = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert answered(partial) == said(last)
    assert partial.usage.prompt_tokens == last["usage"]["input_tokens"]


@each(STREAMS)
def test_cut_before_its_last_event_a_stream_is_truncated(recording: Recording) -> None:
    if recording.name in {*ABNORMAL, *EDITED}:
        return
    place = next(
        place
        for place in (recording.body.find(b'"type":"response.%b"' % kind) for kind in (b"completed", b"incomplete"))
        if place > 0
    )
    reading = read([recording.body[: recording.body.rfind(b"\n\n", 0, place) + 2]], dialect=Responses())
    assert type(reading.error) is e.StreamTruncated


@each(STREAMS)
def test_the_events_themselves_are_the_same_however_they_are_cut(recording: Recording) -> None:
    whole = events_of([recording.body]).outcome
    sent = [event["type"] for event in payloads(recording.body)]
    if recording.name not in {*ABNORMAL, *EDITED}:
        assert [event["type"] for event in whole[0]] == sent
    edges = frame_edges(recording.body)
    for shift in (-1, 0, 1):
        assert events_of(cut(recording.body, [edge + shift for edge in edges])).outcome == whole
    assert events_of(cut(recording.body, range(0, len(recording.body), 7))).outcome == whole


@each([recording for recording in STREAMS if recording.name not in {*ABNORMAL, *EDITED}])
def test_the_response_so_far_is_the_beginning_of_the_response(recording: Recording) -> None:
    final = events_of([recording.body]).decoder.partial()
    edges = frame_edges(recording.body)
    for edge in edges[:: len(edges) // 10 + 1]:
        reading = events_of([recording.body[:edge]])
        partial = reading.decoder.partial()
        if partial is not None:
            assert final.output_text.startswith(partial.output_text)
            assert len(partial.output) <= len(final.output)
            for mine, whole in zip(partial.output, final.output, strict=False):
                assert mine.type == whole.type
                assert (whole.arguments or "").startswith(mine.arguments or "")


@each(WHOLE)
def test_a_whole_response_is_kept_as_it_came(recording: Recording) -> None:
    asked = request(stream=False)
    response = ResponsesAPI().decode(recording.body, asked, context(asked))
    sent = json.loads(recording.body)
    assert without_nulls(response.model_dump()) == without_nulls(sent)


@each(WHOLE)
def test_a_whole_reply_is_read(recording: Recording) -> None:
    if recording.name in ABNORMAL:
        with pytest.raises(e.APIResponseValidationError, match="queued"):
            decode(recording.body, dialect=Responses())
        return
    response, sent = decode(recording.body, dialect=Responses()), json.loads(recording.body)
    assert answered(response) == said(sent)
    assert (response.id, response.model) == (sent["id"], sent["model"])
    assert response.usage is not None
    assert response.usage.completion_tokens >= sent["usage"]["output_tokens"]
    json.loads(response.model_dump_json())


@each(ERRORS)
def test_an_error_has_its_class(recording: Recording) -> None:
    error = Responses().error(ReplyHead(recording.status, recording.headers), recording.body, request(), endpoint())
    expected = {401: (e.AuthenticationError,), 400: (e.BadRequestError, e.NotFoundError)}[recording.status]
    assert isinstance(error, expected)
    assert error.status_code == recording.status

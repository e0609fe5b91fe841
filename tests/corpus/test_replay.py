"""Recorded replies of some eighty providers and servers, read whole, byte by byte, and cut at every frame edge."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.openai import OpenAI
from aiollm.wire.http import ReplyHead
from tests.corpus.recordings import ABNORMAL, UNFINISHED, Recording, frame_edges, recordings
from tests.dialects.reading import MODEL, Reading, cut, decode, endpoint, read, request

BYTE_BY_BYTE = 12_000  # bytes; of longer replies a sample of cuts
ALL = recordings()
STREAMS = [recording for recording in ALL if recording.streamed and recording.status < 400]
WHOLE = [recording for recording in ALL if not recording.streamed and recording.status < 400]
ERRORS = [recording for recording in ALL if recording.status >= 400]

CLASS_BY_STATUS: dict[int, tuple[type, ...]] = {
    400: (e.BadRequestError,),
    401: (e.AuthenticationError,),
    403: (e.PermissionDeniedError,),
    404: (e.NotFoundError,),
    408: (e.Timeout,),
    422: (e.UnprocessableEntityError,),
    429: (e.RateLimitError,),
    500: (e.InternalServerError,),
    501: (e.InternalServerError,),
    503: (e.ServiceUnavailableError,),
}


def each(chosen: list[Recording]) -> Any:
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def test_there_is_much_to_replay(corpus: Path) -> None:
    assert len(STREAMS) > 400
    assert len(WHOLE) > 250
    assert len(ERRORS) > 80
    names = {recording.name for recording in ALL}
    assert {*ABNORMAL, *UNFINISHED} <= names


@each(STREAMS)
def test_a_stream_is_the_same_however_it_is_cut(recording: Recording) -> None:
    body = recording.body
    whole = read([body]).outcome
    if len(body) <= BYTE_BY_BYTE:
        places: Any = range(len(body))
    else:
        places = random.Random(recording.name).sample(range(len(body)), BYTE_BY_BYTE // 12)
    assert read(cut(body, places)).outcome == whole
    edges = frame_edges(body)
    for shift in (-1, 0, 1):
        assert read(cut(body, [edge + shift for edge in edges])).outcome == whole


@each(STREAMS)
def test_a_stream_ends_as_it_did(recording: Recording) -> None:
    reading = read([recording.body])
    assert type(reading.error).__name__ == ABNORMAL.get(recording.name, "NoneType")
    unfinished = {UNFINISHED.get(recording.name)} | (
        {0} if recording.name in ABNORMAL and "minimax" not in recording.name else set()
    )
    for index, reasons in reading.finishes.items():
        assert len(reasons) == (0 if index in unfinished else 1)


@each(STREAMS)
def test_a_stream_keeps_the_rules(recording: Recording) -> None:
    reading = read([recording.body])
    if recording.name != "openrouter/stream-instream-error-llama-3.3-70b-875a23bf":  # its error is its first event
        assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in reading.chunks}) == 1
        assert reading.chunks[0].id
        assert reading.chunks[0].model == MODEL
    roles = [
        (choice.index, choice.delta.role) for chunk in reading.chunks for choice in chunk.choices if choice.delta.role
    ]
    assert sorted(roles) == [(index, "assistant") for index in sorted(reading.finishes)]
    for chunk in reading.chunks:
        for choice in chunk.choices:
            delta = choice.delta
            assert delta.role or choice.finish_reason or choice.logprobs or any(value for _, value in delta.items())
            assert choice.finish_reason in (None, "stop", "length", "tool_calls", "content_filter", "function_call")


@each(STREAMS)
def test_the_usage_of_a_stream_is_kept(recording: Recording) -> None:
    reading = read([recording.body])
    sent = [counts for counts in sent_usages(recording.body) if counts.get("prompt_tokens") is not None]
    usage = reading.decoder.usage
    if not sent:
        return
    assert usage is not None
    assert usage.prompt_tokens == sent[-1]["prompt_tokens"]
    if reading.error is None:
        assert (reading.chunks[-1].choices, reading.chunks[-1].usage) == ([], usage)
    assert all(chunk.usage is None for chunk in reading.chunks if chunk.choices)


def sent_usages(body: bytes) -> list[dict[str, Any]]:
    """What the events of a stream say of usage, read without any of our code."""
    found = []
    for line in body.replace(b"\r\n", b"\n").split(b"\n"):
        if line.startswith(b"data:") and b"usage" in line:
            payload = json.loads(line[5:])
            found.append(payload.get("usage") or (payload.get("x_groq") or {}).get("usage"))
    return [counts for counts in found if counts]


@each(STREAMS)
def test_the_assembled_answer_says_what_the_chunks_said(recording: Recording) -> None:
    reading = read([recording.body])
    partial = reading.decoder.partial()
    if partial is None:
        assert not reading.chunks
        return
    for choice in partial.choices:
        assert (choice.message.content or "") == reading.text(choice.index)
        assert (choice.message.reasoning_content or "") == reading.text(choice.index, "reasoning_content")
        assert choice.finish_reason == next(iter(reading.finishes[choice.index]), None)


@each(WHOLE)
def test_a_whole_reply_is_read(recording: Recording) -> None:
    response = decode(recording.body)
    sent = json.loads(recording.body)
    assert (response.id or "").endswith(sent.get("id") or "")
    assert len(response.choices) == len(sent["choices"])
    assert (response.usage is None) == (not sent.get("usage"))
    for choice, raw in zip(response.choices, sent["choices"], strict=True):
        message = raw.get("message") or {}
        content = message.get("content")
        if isinstance(content, dict):
            assert json.loads(choice.message.content) == content
        elif not isinstance(content, list):
            assert choice.message.content == content
        calls = message.get("tool_calls") or []
        assert [call.function.name for call in choice.message.tool_calls or ()] == [
            call["function"]["name"] for call in calls
        ]
        assert choice.finish_reason in ("stop", "length", "tool_calls", "content_filter", "function_call")
    json.loads(response.model_dump_json())


@each(ERRORS)
def test_an_error_has_the_class_of_its_status(recording: Recording) -> None:
    error = OpenAI().error(ReplyHead(recording.status, recording.headers), recording.body, request(), endpoint())
    assert isinstance(error, CLASS_BY_STATUS[recording.status])
    assert error.status_code == recording.status
    assert str(error).startswith(f"acme answered {recording.status}: ")
    assert len(str(error)) < 600


@each(ERRORS)
def test_an_error_in_place_of_a_stream_is_the_providers_error(recording: Recording) -> None:
    """A reply with status 200 that is no stream but an error: the same bytes, framed."""
    reading: Reading = read([recording.body])
    if recording.body.lstrip()[:1] == b"{":
        assert isinstance(reading.error, e.APIError)
        assert not isinstance(reading.error, e.InvalidChunk)
    else:
        assert type(reading.error) is e.StreamTruncated

"""Recorded replies of Cohere's chat, version 2, read whole, byte by byte, and cut at every event's edge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.cohere import Cohere
from aiollm.wire.http import ReplyHead
from tests.corpus.recordings import Recording, recordings
from tests.corpus.rules import check_answer, check_chunks, check_cuts
from tests.dialects.reading import decode, endpoint, read, request, tool_calls

COHERE = Cohere()
ALL = recordings("cohere2", lambda head, body: False)
STREAMS = [one for one in ALL if one.streamed]
WHOLE = [one for one in ALL if not one.streamed and one.status == 200]
ERRORS = [one for one in ALL if one.status != 200]
BROKEN_OFF = "cohere-v2/stream-filtered-command-a-03-1c1f5de0"
FINISHES = {"COMPLETE": "stop", "STOP_SEQUENCE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tool_calls"}


def each(chosen: list[Recording]) -> Any:
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def events(recording: Recording) -> list[dict[str, Any]]:
    lines = recording.body.replace(b"\r\n", b"\n").split(b"\n")
    return [json.loads(line[5:]) for line in lines if line.startswith(b"data: {")]


def test_there_is_much_to_replay(corpus: Path) -> None:
    assert (len(STREAMS), len(WHOLE), len(ERRORS)) >= (13, 18, 2)


@each(STREAMS)
def test_a_stream_is_the_same_however_it_is_cut(recording: Recording) -> None:
    check_cuts(recording, COHERE)


@each(STREAMS)
def test_a_stream_says_what_its_events_say(recording: Recording) -> None:
    reading = read([recording.body], dialect=COHERE)
    check_chunks(reading)
    check_answer(reading)
    sent = events(recording)
    contents = [event["delta"]["message"]["content"] for event in sent if event["type"] == "content-delta"]
    assert reading.text() == "".join(content.get("text", "") for content in contents)
    assert reading.text(field="reasoning_content") == "".join(content.get("thinking", "") for content in contents)
    assert {chunk.id for chunk in reading.chunks} == {sent[0]["id"]}
    begun = [event["delta"]["message"]["tool_calls"] for event in sent if event["type"] == "tool-call-start"]
    assert [(call["id"], call["name"]) for call in tool_calls(reading)] == [
        (call["id"], call["function"]["name"]) for call in begun
    ]
    for call in tool_calls(reading):
        assert isinstance(json.loads(call["arguments"]), dict)
    specific = reading.decoder.partial().choices[0].message.provider_specific_fields or {}
    plan = "".join(event["delta"]["message"]["tool_plan"] for event in sent if event["type"] == "tool-plan-delta")
    assert specific.get("tool_plan", "") == plan
    cited = [event["delta"]["message"]["citations"] for event in sent if event["type"] == "citation-start"]
    assert specific.get("citations", []) == cited


@each([one for one in STREAMS if one.name != BROKEN_OFF])
def test_a_stream_ends_as_it_did(recording: Recording) -> None:
    reading = read([recording.body], dialect=COHERE)
    assert reading.error is None
    last = events(recording)[-1]["delta"]
    assert reading.finishes == {0: [FINISHES[last["finish_reason"]]]}
    usage, counts = reading.chunks[-1].usage, last["usage"]["tokens"]
    assert (usage.prompt_tokens, usage.completion_tokens) == (counts["input_tokens"], counts["output_tokens"])
    assert usage.billed_units == last["usage"]["billed_units"]


def test_a_stream_that_was_broken_off_is_an_error(corpus: Path) -> None:
    reading = read([next(one for one in STREAMS if one.name == BROKEN_OFF).body], dialect=COHERE)
    assert type(reading.error) is e.InternalServerError
    assert reading.error.type == "INVALID_TOOL_GENERATION"
    assert reading.finishes == {0: []}


@each(WHOLE)
def test_a_whole_reply_is_read(recording: Recording) -> None:
    response = decode(recording.body, dialect=COHERE)
    sent = json.loads(recording.body)
    message, choice = sent["message"], response.choices[0]
    assert response.id == sent["id"]
    parts = message.get("content") or []
    assert (choice.message.content or "") == "".join(part.get("text", "") for part in parts)
    assert (choice.message.reasoning_content or "") == "".join(part.get("thinking", "") for part in parts)
    assert choice.finish_reason == FINISHES[sent["finish_reason"]]
    assert [call.id for call in choice.message.tool_calls or ()] == [
        call["id"] for call in message.get("tool_calls", ())
    ]
    for call in choice.message.tool_calls or ():
        assert isinstance(json.loads(call.function.arguments), dict)
    assert response.usage.prompt_tokens == sent["usage"]["tokens"]["input_tokens"]


@each(ERRORS)
def test_an_error_has_the_class_of_its_status(recording: Recording) -> None:
    error = COHERE.error(ReplyHead(recording.status, recording.headers), recording.body, request(), endpoint())
    expected = {400: e.ContextWindowExceededError, 401: e.AuthenticationError, 404: e.NotFoundError}
    assert type(error) is expected[recording.status]
    assert json.loads(recording.body)["message"] in str(error)

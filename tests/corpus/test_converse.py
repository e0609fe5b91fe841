"""Recorded replies of Bedrock's Converse, read whole, byte by byte, and cut at every message's end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.converse import Converse
from aiollm.wire.http import ReplyHead
from tests.corpus.event_streams import edges, messages
from tests.corpus.recordings import Recording, recordings
from tests.corpus.rules import check_answer, check_chunks, check_cuts
from tests.dialects.reading import Reading, decode, endpoint, read, request, tool_calls

CONVERSE = Converse()
ABNORMAL = {
    "stream-cut-inside-message": e.StreamTruncated,
    "stream-internalServerException-midstream": e.InternalServerError,
    "stream-modelStreamErrorException-midstream": e.InternalServerError,
    "stream-throttlingException-midstream": e.RateLimitError,
}
FINISHES = {
    "end_turn": "stop",
    "guardrail_intervened": "content_filter",
    "max_tokens": "length",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
}
CLASSES = {400: e.BadRequestError, 403: e.PermissionDeniedError, 404: e.NotFoundError}


def never(head: bytes, body: bytes) -> bool:
    """No server that we can run speaks it."""
    return False


STREAMS = [one for one in recordings("converse-stream", never) if one.status == 200]
WHOLE = [one for one in recordings("converse", never) if one.status == 200]
ERRORS = [one for wire in ("converse", "converse-stream") for one in recordings(wire, never) if one.status != 200]


def each(chosen: list[Recording]) -> Any:
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def case(recording: Recording) -> str:
    return recording.name.partition("/")[2]


def deltas(recording: Recording) -> list[dict[str, Any]]:
    return [payload["delta"] for name, payload in messages(recording.body) if name == "contentBlockDelta"]


def test_there_is_much_to_replay(corpus: Path) -> None:
    assert len(STREAMS) >= 25
    assert len(WHOLE) >= 23
    assert len(ERRORS) >= 5
    assert ABNORMAL.keys() <= {case(recording) for recording in STREAMS}


@each(STREAMS)
def test_a_stream_is_the_same_however_it_is_cut(recording: Recording) -> None:
    check_cuts(recording, CONVERSE, edges=edges(recording.body))


@each(STREAMS)
def test_a_stream_ends_as_it_did(recording: Recording) -> None:
    reading = read([recording.body], dialect=CONVERSE)
    assert type(reading.error) is ABNORMAL.get(case(recording), type(None))
    check_answer(reading)
    if reading.error is None:
        check_chunks(reading)
        assert reading.decoder.done
        (native,) = [payload["stopReason"] for name, payload in messages(recording.body) if name == "messageStop"]
        assert reading.finishes == {0: [FINISHES[native]]}


@each(STREAMS)
def test_a_stream_says_what_its_events_say(recording: Recording) -> None:
    reading = read([recording.body], dialect=CONVERSE)
    sent = deltas(recording)
    assert reading.text() == "".join(delta.get("text", "") for delta in sent)
    thoughts = [delta["reasoningContent"] for delta in sent if "reasoningContent" in delta]
    assert reading.text(field="reasoning_content") == "".join(thought.get("text", "") for thought in thoughts)
    signatures = [thought["signature"] for thought in thoughts if "signature" in thought]
    assert signed_blocks(reading) == signatures
    assert citations(reading) == [delta["citation"] for delta in sent if "citation" in delta]


@each(STREAMS)
def test_a_stream_calls_the_tools_that_its_events_call(recording: Recording) -> None:
    starts = {
        payload["contentBlockIndex"]: payload["start"]["toolUse"]
        for name, payload in messages(recording.body)
        if name == "contentBlockStart"
        and payload["start"].get("toolUse", {}).get("type") != "server_tool_use"
        and "toolUse" in payload["start"]
    }
    arguments = dict.fromkeys(starts, "")
    for name, payload in messages(recording.body):
        if name == "contentBlockDelta" and payload["contentBlockIndex"] in starts:
            arguments[payload["contentBlockIndex"]] += payload["delta"]["toolUse"]["input"]
    expected = [
        {"id": start["toolUseId"], "name": start["name"], "arguments": arguments[index] or "{}"}
        for index, start in starts.items()
    ]
    reading = read([recording.body], dialect=CONVERSE)
    assert tool_calls(reading) == expected


@each([one for one in STREAMS if case(one) not in ABNORMAL])
def test_the_usage_of_a_stream_is_kept(recording: Recording) -> None:
    reading = read([recording.body], dialect=CONVERSE)
    (sent,) = [payload["usage"] for name, payload in messages(recording.body) if name == "metadata"]
    usage = reading.chunks[-1].usage
    cached = sent.get("cacheReadInputTokens", 0) + sent.get("cacheWriteInputTokens", 0)
    assert usage.prompt_tokens == sent["inputTokens"] + cached
    assert usage.completion_tokens == sent["outputTokens"]
    assert usage.total_tokens == sent["totalTokens"]


@each(WHOLE)
def test_a_whole_reply_is_read(recording: Recording) -> None:
    response = decode(recording.body, dialect=CONVERSE)
    sent = json.loads(recording.body)
    blocks = sent["output"]["message"]["content"]
    choice = response.choices[0]
    texts = [text for block in blocks for text in texts_of(block)]
    assert (choice.message.content or "") == "".join(texts)
    calls = [block["toolUse"] for block in blocks if "toolUse" in block]
    calls = [call for call in calls if call.get("type") != "server_tool_use"]
    assert [
        (call.id, call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls or ()
    ] == [(call["toolUseId"], call["name"], call["input"]) for call in calls]
    expected = FINISHES[sent["stopReason"]]
    assert choice.finish_reason == ("tool_calls" if calls and expected == "stop" else expected)
    assert (response.usage is None) == ("usage" not in sent)
    json.loads(response.model_dump_json())


@each(ERRORS)
def test_an_error_has_the_class_of_its_status(recording: Recording) -> None:
    error = CONVERSE.error(ReplyHead(recording.status, recording.headers), recording.body, request(), endpoint())
    assert type(error) is CLASSES[recording.status]
    assert json.loads(recording.body)["message"] in str(error)
    assert error.status_code == recording.status
    if name := recording.headers.get("x-amzn-errortype"):
        assert error.code == name.partition(":")[0]


def texts_of(block: dict[str, Any]) -> list[str]:
    parts = block.get("citationsContent", {}).get("content", [])
    return [*([block["text"]] if "text" in block else []), *(part["text"] for part in parts)]


def signed_blocks(reading: Reading) -> list[str]:
    blocks = (
        block for chunk in reading.chunks for choice in chunk.choices for block in choice.delta.thinking_blocks or ()
    )
    return [block["signature"] for block in blocks if block.get("signature")]


def citations(reading: Reading) -> list[dict[str, Any]]:
    fields = (choice.delta.provider_specific_fields or {} for chunk in reading.chunks for choice in chunk.choices)
    return [found["citation"] for found in fields if "citation" in found]

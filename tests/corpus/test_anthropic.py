"""Recorded replies of Claude and of servers that speak its format, read whole, byte by byte, and cut at every edge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm import stream_chunk_builder
from aiollm.dialects.anthropic import Anthropic
from aiollm.dialects.anthropic_turns import claude_turns
from aiollm.types.response import ModelResponse
from aiollm.wire.http import ReplyHead
from tests.corpus.recordings import Recording, recordings
from tests.corpus.rules import check_answer, check_chunks, check_cuts
from tests.dialects.reading import decode, endpoint, read, request, tool_calls

ANTHROPIC = Anthropic()
FAILING = {
    "anthropic-messages/stream-overloaded-first-event": "OverloadedError",
    "anthropic-messages/stream-overloaded-midstream": "OverloadedError",
}
FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "pause_turn": "length",
    "compaction": "length",
}
CLASSES: dict[int, type] = {
    400: e.BadRequestError,
    401: e.AuthenticationError,
    404: e.NotFoundError,
    429: e.RateLimitError,
    503: e.ServiceUnavailableError,
    529: e.OverloadedError,
}


def is_anthropic(head: bytes, body: bytes) -> bool:
    """Tell a message, or an error in Anthropic's form, from the other dialects of a server."""
    if b" 200" not in head.split(b"\r\n", 1)[0]:
        return b'"type":"error"' in body
    return b"event: message_start" in body or (b'"type":"message"' in body and b'"stop_reason"' in body)


ALL = recordings("anthropic", is_anthropic)
STREAMS = [one for one in ALL if one.streamed and one.status == 200]
WHOLE = [one for one in ALL if not one.streamed and one.status == 200]
ERRORS = [one for one in ALL if one.status != 200]
ENDING = [one for one in STREAMS if one.name not in FAILING]


def each(chosen: list[Recording]) -> Any:
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def events(recording: Recording) -> list[dict[str, Any]]:
    """The events of a stream, read without any of our code; one recording holds several answers."""
    first, _, _ = recording.body.replace(b"\r\n", b"\n").partition(b"event: message_stop")
    lines = first.split(b"\n")
    return [json.loads(line[5:]) for line in lines if line.startswith(b"data:") and b"[DONE]" not in line]


def blocks(recording: Recording) -> list[dict[str, Any]]:
    """The blocks of an answer, put together without any of our code."""
    if not recording.streamed:
        return json.loads(recording.body)["content"]  # type: ignore[no-any-return]
    found: dict[int, dict[str, Any]] = {}
    for event in events(recording):
        if event["type"] == "content_block_start":
            found[event["index"]] = {**event["content_block"], "json": ""}
        elif event["type"] == "content_block_delta":
            grow(found.setdefault(event["index"], {"type": "unopened", "json": ""}), event["delta"])
    for block in found.values():
        if text := block.pop("json"):
            block["input"] = parsed(text)
        elif block["type"] == "tool_use":
            block.setdefault("input", {})
    return [found[index] for index in sorted(found)]


def parsed(text: str) -> Any:
    """Return the input that a text spells; the text itself where it was cut off."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, value in delta.items():
        if name in ("text", "thinking", "signature"):
            block[name] = block.get(name, "") + value
        elif name == "partial_json":
            block["json"] += value
        elif name == "citation":
            block["citations"] = [*(block.get("citations") or []), value]
        elif name == "content":
            block[name] = value


def texts(recording: Recording, kind: str) -> str:
    return "".join(block.get(kind) or "" for block in blocks(recording) if block["type"] == kind)


def counts(recording: Recording) -> dict[str, Any]:
    if not recording.streamed:
        return json.loads(recording.body)["usage"]  # type: ignore[no-any-return]
    merged: dict[str, Any] = {}
    for event in events(recording):
        usage = event.get("usage") or event.get("message", {}).get("usage") or {}
        merged.update((name, value) for name, value in usage.items() if value is not None)
    return merged


def stop_reason(recording: Recording) -> str:
    if not recording.streamed:
        return json.loads(recording.body)["stop_reason"]  # type: ignore[no-any-return]
    reasons = [event["delta"].get("stop_reason") for event in events(recording) if event["type"] == "message_delta"]
    return next(reason for reason in reasons if reason)


def sendable(block: dict[str, Any]) -> bool:
    """Whether a block may be sent back: the API refuses empty text and thinking without its signature."""
    if block["type"] == "text":
        return bool(block["text"].strip())
    return block["type"] not in ("thinking", "unopened") or bool(block.get("signature"))


def said(block: dict[str, Any]) -> dict[str, Any]:
    """What a block says: members without a value leave no trace."""
    return {name: value for name, value in block.items() if value not in (None, [], {"type": "direct"})}


def test_there_is_much_to_replay(corpus: Path) -> None:
    assert len(STREAMS) >= 80
    assert len(WHOLE) >= 60
    assert len(ERRORS) >= 13
    assert FAILING.keys() <= {one.name for one in STREAMS}


@each(STREAMS)
def test_a_stream_is_the_same_however_it_is_cut(recording: Recording) -> None:
    check_cuts(recording, ANTHROPIC)


@each(ENDING)
def test_a_stream_says_what_its_events_say(recording: Recording) -> None:
    reading = read([recording.body], dialect=ANTHROPIC)
    assert reading.error is None
    check_chunks(reading)
    check_answer(reading)
    assert reading.text() == texts(recording, "text")
    assert reading.text(field="reasoning_content") == texts(recording, "thinking")
    calls = [block for block in blocks(recording) if block["type"] == "tool_use"]
    assert [(call["id"], call["name"], parsed(call["arguments"])) for call in tool_calls(reading)] == [
        (block["id"], block["name"], block["input"]) for block in calls
    ]
    assert reading.finishes == {0: [FINISHES[stop_reason(recording)]]}
    check_usage(reading.chunks[-1].usage, counts(recording))
    assert reading.chunks[0].id == events(recording)[0]["message"]["id"]


def check_usage(usage: Any, sent: dict[str, Any]) -> None:
    cached, written = sent.get("cache_read_input_tokens"), sent.get("cache_creation_input_tokens")
    assert usage.prompt_tokens == sent.get("input_tokens", 0) + (cached or 0) + (written or 0)
    assert usage.completion_tokens == sent["output_tokens"]
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    if cached is not None:
        assert usage.prompt_tokens_details.cached_tokens == usage.cache_read_input_tokens == cached
    if written is not None:
        assert usage.prompt_tokens_details.cache_creation_tokens == written
    if thought := (sent.get("output_tokens_details") or {}).get("thinking_tokens"):
        assert usage.completion_tokens_details.reasoning_tokens == thought


@each([one for one in STREAMS if one.name in FAILING])
def test_a_stream_that_fails_has_the_class_of_its_error(recording: Recording) -> None:
    reading = read([recording.body], dialect=ANTHROPIC)
    assert type(reading.error).__name__ == FAILING[recording.name]
    assert reading.error is not None
    assert (reading.error.status_code, reading.error.retryable) == (529, True)
    assert bool(reading.chunks) == recording.name.endswith("midstream")


@each(WHOLE)
def test_a_whole_reply_is_read(recording: Recording) -> None:
    response = decode(recording.body, dialect=ANTHROPIC)
    choice = response.choices[0]
    assert (choice.message.content or "") == texts(recording, "text")
    assert (choice.message.reasoning_content or "") == texts(recording, "thinking")
    calls = [block for block in blocks(recording) if block["type"] == "tool_use"]
    assert [
        (call.id, call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls or ()
    ] == [(block["id"], block["name"], block["input"]) for block in calls]
    # A normal end after tool calls is `tool_calls`.
    assert choice.finish_reason == ("tool_calls" if calls else FINISHES[stop_reason(recording)])
    check_usage(response.usage, counts(recording))
    json.loads(response.model_dump_json())


@each([*ENDING, *WHOLE])
def test_an_answer_that_is_sent_back_has_the_same_blocks(recording: Recording) -> None:
    if recording.streamed:
        built = stream_chunk_builder(read([recording.body], dialect=ANTHROPIC).chunks)
    else:
        built = decode(recording.body, dialect=ANTHROPIC)
    assert isinstance(built, ModelResponse)
    message = json.loads(json.dumps(built.choices[0].message.model_dump(exclude_none=True)))
    conversation = [{"role": "user", "content": "?"}, message, {"role": "user", "content": "Go on"}]
    if any(isinstance(block.get("input"), str) for block in blocks(recording)):
        with pytest.raises(e.BadRequestError, match="arguments must be a JSON object"):
            claude_turns(conversation)
        return
    _, turns = claude_turns(conversation)
    expected = [said(block) for block in blocks(recording) if sendable(block)]
    assert [said(block) for turn in turns if turn["role"] == "assistant" for block in turn["content"]] == expected


@each(ERRORS)
def test_an_error_has_the_class_of_its_status(recording: Recording) -> None:
    error = ANTHROPIC.error(ReplyHead(recording.status, recording.headers), recording.body, request(), endpoint())
    assert type(error) is CLASSES[recording.status]
    assert error.status_code == recording.status
    if recording.body.startswith(b"{"):
        reported = json.loads(recording.body)
        assert reported["error"]["type"] == error.type
        assert error.request_id == (reported.get("request_id") or recording.headers.get("request-id"))

"""Recorded replies of Ollama, read whole, byte by byte, and cut at every line's end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.ollama import Ollama
from aiollm.wire.http import ReplyHead
from tests.corpus.recordings import Recording, recordings
from tests.corpus.rules import check_answer, check_chunks, check_cuts
from tests.dialects.reading import decode, endpoint, read, request, tool_calls

OLLAMA = Ollama()


def is_ollama(head: bytes, body: bytes) -> bool:
    """Tell a chat or a generation, or an error in Ollama's form, from the other dialects of the server."""
    if b" 200" not in head.split(b"\r\n", 1)[0]:
        return body.startswith(b'{"error":"')
    return body.startswith(b'{"model":') and b'"created_at"' in body and b'"load"' not in body


ALL = recordings("ollama", is_ollama)
STREAMS = [one for one in ALL if one.streamed and one.status == 200]
WHOLE = [one for one in ALL if not one.streamed and one.status == 200]
ERRORS = [one for one in ALL if one.status != 200]


def each(chosen: list[Recording]) -> Any:
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def lines(recording: Recording) -> list[dict[str, Any]]:
    return [json.loads(line) for line in recording.body.splitlines() if line]


def test_there_is_much_to_replay(corpus: Path) -> None:
    assert (len(STREAMS), len(WHOLE), len(ERRORS)) >= (20, 18, 5)


@each(STREAMS)
def test_a_stream_is_the_same_however_it_is_cut(recording: Recording) -> None:
    check_cuts(recording, OLLAMA, b"\n")


@each(STREAMS)
def test_a_stream_says_what_its_lines_say(recording: Recording) -> None:
    reading = read([recording.body], dialect=OLLAMA)
    assert reading.error is None
    check_chunks(reading)
    check_answer(reading)
    sent = lines(recording)
    messages = [line.get("message") or {"content": line.get("response")} for line in sent]
    assert reading.text() == "".join(message.get("content") or "" for message in messages)
    assert reading.text(field="reasoning_content") == "".join(message.get("thinking") or "" for message in messages)
    calls = [call for message in messages for call in message.get("tool_calls") or ()]
    assert [(call["name"], json.loads(call["arguments"])) for call in tool_calls(reading)] == [
        (call["function"]["name"], call["function"]["arguments"]) for call in calls
    ]
    assert all(call["id"] for call in tool_calls(reading))
    expected = "tool_calls" if calls else sent[-1].get("done_reason", "stop")
    assert reading.finishes == {0: [expected]}
    assert reading.chunks[-1].usage.completion_tokens == sent[-1]["eval_count"]
    assert reading.chunks[-1].usage.prompt_tokens == sent[-1].get("prompt_eval_count", 0)


@each(WHOLE)
def test_a_whole_reply_is_read(recording: Recording) -> None:
    response = decode(recording.body, dialect=OLLAMA)
    (sent,) = lines(recording)
    message = sent.get("message") or {"content": sent["response"]}
    choice = response.choices[0]
    assert (choice.message.content or "") == message["content"]
    assert choice.message.reasoning_content == (message.get("thinking") or None)
    calls = message.get("tool_calls") or []
    assert [json.loads(call.function.arguments) for call in choice.message.tool_calls or ()] == [
        call["function"]["arguments"] for call in calls
    ]
    assert choice.finish_reason == ("tool_calls" if calls else sent.get("done_reason", "stop"))
    assert response.usage is not None
    assert response.usage.completion_tokens == sent["eval_count"]


@each(ERRORS)
def test_an_error_has_the_class_of_its_status(recording: Recording) -> None:
    error = OLLAMA.error(ReplyHead(recording.status, recording.headers), recording.body, request(), endpoint())
    expected = {400: e.BadRequestError, 404: e.NotFoundError, 500: e.InternalServerError}[recording.status]
    assert type(error) is expected
    assert json.loads(recording.body)["error"] in str(error)

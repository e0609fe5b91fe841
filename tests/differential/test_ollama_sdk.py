"""Ollama's official client and ours read the same bytes, and send the same requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from aiollm.dialects.ollama import Ollama
from aiollm.types.parameters import OPENAI_PARAMS
from tests.corpus.recordings import Recording
from tests.corpus.test_ollama import ERRORS, STREAMS, WHOLE
from tests.dialects.reading import decode, endpoint, read, request, tool_calls
from tests.differential.loopback import Loopback, loopback

ollama = pytest.importorskip("ollama")

MESSAGES = [{"role": "user", "content": "Hello"}]
CHATS = [one for one in STREAMS if b'"message"' in one.body]
REPLIES = [one for one in WHOLE if b'"message"' in one.body]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {
    "type": "function",
    "function": {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


@pytest.fixture
def client(server: Loopback) -> Iterator[Any]:
    made = ollama.Client(host=server.url)
    yield made
    made.close()


def each(chosen: list[Recording]) -> Any:
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def summary(parts: list[Any]) -> dict[str, Any]:
    """Add up the official client's parts as its users do."""
    calls = [call for part in parts for call in part.message.tool_calls or ()]
    return {
        "text": "".join(part.message.content or "" for part in parts),
        "thinking": "".join(part.message.thinking or "" for part in parts),
        "calls": [(call.function.name, dict(call.function.arguments)) for call in calls],
        "done": parts[-1].done_reason or "stop",
        "counts": (parts[-1].prompt_eval_count or 0, parts[-1].eval_count),
    }


@each(CHATS)
def test_both_clients_read_the_same_stream(recording: Recording, server: Loopback, client: Any) -> None:
    server.answer(recording, "application/x-ndjson")
    theirs = summary(list(client.chat("m", MESSAGES, stream=True)))
    reading = read([recording.body], dialect=Ollama())
    usage = reading.decoder.usage
    finish = reading.decoder.finish_reason
    assert theirs == {
        "text": reading.text(),
        "thinking": reading.text(field="reasoning_content"),
        "calls": [(call["name"], json.loads(call["arguments"])) for call in tool_calls(reading)],
        # On purpose: an end after tool calls is `tool_calls`, as OpenAI's is.
        "done": "stop" if finish == "tool_calls" else finish,
        "counts": (usage.prompt_tokens, usage.completion_tokens),
    }


@each(REPLIES)
def test_both_clients_read_the_same_whole_reply(recording: Recording, server: Loopback, client: Any) -> None:
    server.answer(recording, "")
    theirs = summary([client.chat("m", MESSAGES)])
    ours = decode(recording.body, dialect=Ollama())
    message = ours.choices[0].message
    assert (theirs["text"], theirs["thinking"]) == (message.content or "", message.reasoning_content or "")
    assert theirs["counts"] == (ours.usage.prompt_tokens, ours.usage.completion_tokens)


@each(ERRORS)
def test_both_clients_raise_for_an_error(recording: Recording, server: Loopback, client: Any) -> None:
    server.answer(recording, "")
    with pytest.raises(ollama.ResponseError) as theirs:
        client.chat("m", MESSAGES)
    assert theirs.value.status_code == recording.status
    assert theirs.value.error == json.loads(recording.body)["error"]


def test_both_clients_send_the_same_request(server: Loopback, client: Any) -> None:
    server.answer_whole(b'{"message": {"role": "assistant", "content": ""}, "done": true}')
    call = {"function": {"name": "f", "arguments": {"a": 1}}}
    client.chat(
        "m",
        [
            {"role": "user", "content": "What is this?", "images": ["iVBORw0KGgo="]},
            {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [call]},
            {"role": "tool", "content": "1", "tool_name": "f"},
        ],
        tools=[TOOL],
        think=True,
        format=SCHEMA,
        logprobs=True,
        top_logprobs=2,
        keep_alive="5m",
        options={"temperature": 0.5, "num_predict": 9, "stop": ["x"], "seed": 1, "num_ctx": 64},
    )
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    spoken = {"id": "", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    ours = request(
        model="m",
        stream=False,
        known=OPENAI_PARAMS,
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]},
            {"role": "assistant", "content": None, "reasoning_content": "hm", "tool_calls": [spoken]},
            {"role": "tool", "content": "1", "name": "f"},
        ],
        params={
            "tools": [TOOL],
            "reasoning_effort": "high",
            "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}},
            "logprobs": True,
            "top_logprobs": 2,
            "keep_alive": "5m",
            "temperature": 0.5,
            "max_tokens": 9,
            "stop": "x",
            "seed": 1,
            "num_ctx": 64,
        },
    )
    assert json.loads(Ollama().encode(ours, endpoint()).body) == server.seen[-1]

"""Mistral's official client and ours read the same bytes, and send the same requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from aiollm.dialects.openai import OpenAI
from aiollm.providers import resolve
from aiollm.types.parameters import OPENAI_PARAMS
from tests.corpus.recordings import Recording, recordings
from tests.dialects.reading import decode, read, request, tool_calls
from tests.differential.loopback import Loopback, loopback

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
mistral = pytest.importorskip("mistralai.client")
errors = pytest.importorskip("mistralai.client.errors")

MESSAGES = [{"role": "user", "content": "Hello"}]
ALL = [one for one in recordings() if one.name.startswith("mistral/")]
STREAMS = [one for one in ALL if one.streamed]
WHOLE = [one for one in ALL if not one.streamed and one.status == 200]
ERRORS = [one for one in ALL if one.status != 200]
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}


CALL = {"id": "abcDEF123", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
RESULT = {"role": "tool", "tool_call_id": "abcDEF123", "name": "f", "content": "1"}
THEIR_TURNS: list[dict[str, Any]] = [
    {"role": "system", "content": "s"},
    {"role": "user", "content": "u"},
    {"role": "assistant", "content": [THINKING, {"type": "text", "text": "a"}], "tool_calls": [CALL]},
    RESULT,
]
OUR_TURNS: list[dict[str, Any]] = [
    {"role": "developer", "content": "s"},
    {"role": "user", "content": [{"type": "text", "text": "u"}], "name": "me"},
    {"role": "assistant", "content": "a", "reasoning_content": "hm", "tool_calls": [CALL]},
    RESULT,
]
SAME: dict[str, Any] = {
    "tools": [TOOL],
    "parallel_tool_calls": False,
    "response_format": {"type": "json_object"},
    "temperature": 0.5,
    "top_p": 0.9,
    "stop": ["x"],
    "n": 2,
    "presence_penalty": 0.1,
    "frequency_penalty": 0.2,
    "safe_prompt": True,
}
THEIR_PARAMETERS = {**SAME, "tool_choice": "any", "max_tokens": 9, "random_seed": 1}
OUR_PARAMETERS = {**SAME, "tool_choice": "required", "max_completion_tokens": 9, "seed": 1}
WHOLE_REPLY = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "model": "m",
        "created": 1,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


@pytest.fixture
def client(server: Loopback) -> Iterator[Any]:
    with mistral.Mistral(api_key="none", server_url=server.url) as made:
        yield made


def each(chosen: list[Recording]) -> Any:
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def text_and_thought(content: Any) -> tuple[str, str]:
    if not isinstance(content, list):
        return content or "", ""
    text = "".join(part.text for part in content if part.type == "text")
    thought = "".join(piece.text for part in content if part.type == "thinking" for piece in part.thinking)
    return text, thought


def arguments(call: Any) -> Any:
    given = call.function.arguments
    return given if isinstance(given, str) else json.dumps(given)


def join(calls: list[list[str]], pieces: Any) -> None:
    """Join pieces of calls as users of Mistral's client must: a piece with a name begins a call."""
    for piece in pieces:
        if piece.function.name:
            calls.append([piece.id, piece.function.name, ""])
        calls[-1][2] += arguments(piece)


@each(STREAMS)
def test_both_clients_read_the_same_stream(recording: Recording, server: Loopback, client: Any) -> None:
    server.answer(recording, "text/event-stream")
    texts: dict[int, str] = {}
    thoughts: dict[int, str] = {}
    finishes: dict[int, list[str]] = {}
    calls: list[list[str]] = []
    usage = None
    with client.chat.stream(model="m", messages=MESSAGES) as stream:
        for event in stream:
            usage = event.data.usage or usage
            for choice in event.data.choices:
                text, thought = text_and_thought(choice.delta.content)
                texts[choice.index] = texts.get(choice.index, "") + text
                thoughts[choice.index] = thoughts.get(choice.index, "") + thought
                join(calls, choice.delta.tool_calls or ())
                if choice.finish_reason:
                    finishes[choice.index] = [choice.finish_reason]
    reading = read([recording.body])
    assert reading.error is None
    assert texts == {index: reading.text(index) for index in reading.finishes}
    assert thoughts == {index: reading.text(index, "reasoning_content") for index in reading.finishes}
    assert finishes == reading.finishes
    assert calls == [[call["id"], call["name"], call["arguments"]] for call in tool_calls(reading)]
    assert usage.total_tokens == reading.decoder.usage.total_tokens


@each(WHOLE)
def test_both_clients_read_the_same_whole_reply(recording: Recording, server: Loopback, client: Any) -> None:
    server.answer(recording, "")
    theirs = client.chat.complete(model="m", messages=MESSAGES)
    ours = decode(recording.body)
    for choice, other in zip(ours.choices, theirs.choices, strict=True):
        text, thought = text_and_thought(other.message.content)
        assert (text, thought) == (choice.message.content or "", choice.message.reasoning_content or "")
        assert choice.finish_reason == other.finish_reason
        assert [call.id for call in choice.message.tool_calls or ()] == [
            call.id for call in other.message.tool_calls or ()
        ]
    assert (theirs.id, theirs.usage.total_tokens) == (ours.id, ours.usage.total_tokens)


@each(ERRORS)
def test_both_clients_raise_for_an_error(recording: Recording, server: Loopback, client: Any) -> None:
    server.answer(recording, "")
    with pytest.raises(errors.MistralError) as theirs:
        client.chat.complete(model="m", messages=MESSAGES)
    assert theirs.value.status_code == recording.status


def test_both_clients_send_the_same_request(server: Loopback, client: Any) -> None:
    server.answer_whole(WHOLE_REPLY)
    client.chat.complete(model="m", messages=THEIR_TURNS, **THEIR_PARAMETERS)
    asked = request(model="m", stream=False, known=OPENAI_PARAMS, messages=OUR_TURNS, params=OUR_PARAMETERS)
    at = resolve("mistral/m", environ={"MISTRAL_API_KEY": "k"}).endpoint
    theirs = server.seen[-1]
    # The official client writes its defaults out: they mean nothing.
    assert theirs.pop("stream") is False
    for tool in theirs["tools"]:
        assert tool["function"].pop("strict", False) is False
    for spoken in theirs["messages"][2]["tool_calls"]:
        assert spoken.pop("index", 0) == 0
    assert theirs["messages"][2].pop("prefix", False) is False
    for part in theirs["messages"][2]["content"]:
        part.pop("closed", None)
    assert json.loads(OpenAI().encode(asked, at).body) == theirs

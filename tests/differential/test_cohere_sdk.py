"""Cohere's official client and ours read the same bytes, and send the same requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from aiollm.dialects.cohere import Cohere
from aiollm.providers import resolve
from aiollm.types.parameters import OPENAI_PARAMS
from tests.corpus.recordings import Recording
from tests.corpus.test_cohere import BROKEN_OFF, ERRORS, FINISHES, STREAMS, WHOLE
from tests.dialects.reading import decode, read, request, tool_calls
from tests.differential.loopback import Loopback, loopback

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pydantic.PydanticDeprecatedSince20")
cohere = pytest.importorskip("cohere")

MESSAGES = [{"role": "user", "content": "Hello"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"name": "f", "description": "d", "parameters": SCHEMA}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


@pytest.fixture
def client(server: Loopback) -> Any:
    return cohere.ClientV2(api_key="none", base_url=server.url)


def each(chosen: list[Recording]) -> Any:
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def summary(events: list[Any]) -> dict[str, Any]:
    """Add up the official client's events as its users do."""
    seen: dict[str, Any] = {"text": "", "thinking": "", "plan": "", "calls": [], "citations": [], "end": None}
    for event in events:
        message = getattr(event.delta, "message", None) if getattr(event, "delta", None) else None
        if event.type == "content-delta":
            seen["text"] += message.content.text or ""
            seen["thinking"] += message.content.thinking or ""
        elif event.type == "tool-plan-delta":
            seen["plan"] += message.tool_plan
        elif event.type == "tool-call-start":
            call = message.tool_calls
            seen["calls"].append([call.id, call.function.name, call.function.arguments or ""])
        elif event.type == "tool-call-delta":
            seen["calls"][-1][2] += message.tool_calls.function.arguments
        elif event.type == "citation-start":
            seen["citations"].append(message.citations.text)
        elif event.type == "message-end":
            tokens = event.delta.usage.tokens
            seen["end"] = event.delta.finish_reason, tokens and (tokens.input_tokens, tokens.output_tokens)
    return seen


@each(STREAMS)
def test_both_clients_read_the_same_stream(recording: Recording, server: Loopback, client: Any) -> None:
    server.answer(recording, "text/event-stream")
    theirs = summary(list(client.chat_stream(model="m", messages=MESSAGES)))
    reading = read([recording.body], dialect=Cohere())
    specific = reading.decoder.partial().choices[0].message.provider_specific_fields or {}
    assert theirs["text"] == reading.text()
    assert theirs["thinking"] == reading.text(field="reasoning_content")
    assert theirs["plan"] == specific.get("tool_plan", "")
    assert theirs["citations"] == [citation["text"] for citation in specific.get("citations", ())]
    # On purpose: a call without arguments has an empty object, where Cohere sends nothing.
    assert [[*call[:2], call[2] or "{}"] for call in theirs["calls"]] == [
        [call["id"], call["name"], call["arguments"]] for call in tool_calls(reading)
    ]
    native, counts = theirs["end"]
    if recording.name == BROKEN_OFF:
        # On purpose: an answer that was broken off is an error; the official client leaves it to its users to look.
        assert (native, reading.error is None) == ("ERROR", False)
    else:
        usage = reading.decoder.usage
        assert (FINISHES[native], counts) == (
            reading.decoder.finish_reason,
            (usage.prompt_tokens, usage.completion_tokens),
        )


@each(WHOLE)
def test_both_clients_read_the_same_whole_reply(recording: Recording, server: Loopback, client: Any) -> None:
    server.answer(recording, "")
    theirs = client.chat(model="m", messages=MESSAGES)
    ours = decode(recording.body, dialect=Cohere())
    message = ours.choices[0].message
    parts = theirs.message.content or []
    assert "".join(part.text for part in parts if part.type == "text") == (message.content or "")
    assert "".join(part.thinking for part in parts if part.type == "thinking") == (message.reasoning_content or "")
    assert [call.id for call in theirs.message.tool_calls or ()] == [call.id for call in message.tool_calls or ()]
    assert theirs.id == ours.id
    assert FINISHES[theirs.finish_reason] == ours.choices[0].finish_reason


@each(ERRORS)
def test_both_clients_raise_for_an_error(recording: Recording, server: Loopback, client: Any) -> None:
    server.answer(recording, "")
    with pytest.raises(cohere.core.ApiError) as theirs:
        client.chat(model="m", messages=MESSAGES)
    assert theirs.value.status_code == recording.status


def test_both_clients_send_the_same_request(server: Loopback, client: Any) -> None:
    server.answer_whole(b'{"id": "x", "message": {"role": "assistant"}, "finish_reason": "COMPLETE"}')
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    turns: list[dict[str, Any]] = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "t"}, picture]},
        {"role": "assistant", "tool_calls": [CALL], "tool_plan": "I will."},
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
    ]
    client.chat(
        model="m",
        messages=turns,
        tools=[{"type": "function", "function": FUNCTION}],
        strict_tools=True,
        tool_choice="REQUIRED",
        response_format={"type": "json_object", "json_schema": SCHEMA},
        thinking={"type": "enabled", "token_budget": 1024},
        max_tokens=9,
        stop_sequences=["x"],
        temperature=0.5,
        seed=1,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        k=4,
        p=0.9,
        logprobs=True,
        safety_mode="STRICT",
    )
    ours = request(
        model="m",
        stream=False,
        known=OPENAI_PARAMS,
        messages=turns,
        params={
            "tools": [{"type": "function", "function": {**FUNCTION, "strict": True}}],
            "tool_choice": "required",
            "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}},
            "reasoning_effort": "low",
            "max_tokens": 9,
            "stop": "x",
            "temperature": 0.5,
            "seed": 1,
            "frequency_penalty": 0.1,
            "presence_penalty": 0.2,
            "top_k": 4,
            "top_p": 0.9,
            "logprobs": True,
            "safety_mode": "STRICT",
        },
    )
    at = resolve("cohere/m", environ={"CO_API_KEY": "k"}).endpoint
    # The official client says `stream` in both ways; Cohere's default is False.
    theirs = {name: value for name, value in server.seen[-1].items() if name != "stream"}
    assert json.loads(Cohere().encode(ours, at).body) == theirs

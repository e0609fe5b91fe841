"""Groq's own client and ours read the same recorded bytes, and say the same; and both send the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import aiollm
from tests.corpus.recordings import Recording, recordings
from tests.dialects.reading import read
from tests.differential.loopback import Loopback, loopback
from tests.differential.summary import summary

groq = pytest.importorskip("groq")

RECORDED = {recording.name: recording for recording in recordings() if recording.name.startswith("groq/")}
STREAMS = {name: recording for name, recording in RECORDED.items() if recording.streamed and recording.status < 400}
ERRORS = {name: recording for name, recording in RECORDED.items() if recording.status >= 400}

ASKED: dict[str, Any] = {
    "model": "llama-3.3-70b-versatile",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How is the weather?"}],
    "max_completion_tokens": 99,
    "temperature": 0.5,
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
    "tool_choice": "auto",
    "stop": ["END"],
    "seed": 7,
}


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


@pytest.fixture
def client(server: Loopback) -> Iterator[Any]:
    with groq.Groq(api_key="none", base_url=server.url, max_retries=0) as client:
        yield client


def theirs(client: Any) -> dict[str, Any]:
    chunks: list[dict[str, Any]] = []
    error: Exception | None = None
    try:
        for chunk in client.chat.completions.create(**ASKED, stream=True):
            chunks.append(chunk.model_dump(warnings=False))  # noqa: PERF401  # those before an error are kept
    except (groq.APIError, ValueError) as raised:
        error = raised
    for chunk in chunks:
        chunk["usage"] = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage")  # where Groq had it first
    return summary(chunks) | {"error": error is not None}


def ours(recording: Recording) -> dict[str, Any]:
    reading = read([recording.body])
    return summary([chunk.model_dump() for chunk in reading.chunks]) | {"error": reading.error is not None}


@pytest.mark.parametrize("name", STREAMS)
def test_both_clients_read_the_same(name: str, server: Loopback, client: Any) -> None:
    server.answer(STREAMS[name], "text/event-stream")
    seen, expected = ours(STREAMS[name]), theirs(client)
    if seen["calls"]:  # a normal end after tool calls is `tool_calls` here, whatever the wire says
        expected["finish"] = dict.fromkeys(expected["finish"], "tool_calls")
    assert seen == expected


@pytest.mark.parametrize("name", ERRORS)
def test_both_clients_raise_for_the_same_status(name: str, server: Loopback, client: Any) -> None:
    server.answer(ERRORS[name], "text/event-stream")
    with pytest.raises(groq.APIStatusError) as raised:
        client.chat.completions.create(**ASKED)
    with pytest.raises(aiollm.APIError) as caught:
        aiollm.completion(**(ASKED | {"model": "groq/any"}), api_base=server.url, api_key="none")
    assert caught.value.status_code == raised.value.status_code
    names = [kind.__name__ for kind in type(caught.value).__mro__]
    assert type(raised.value).__name__ in names or raised.value.status_code == 413  # theirs has no name for that


@pytest.mark.parametrize("stream", [True, False])
def test_both_clients_send_the_same(stream: bool, server: Loopback, client: Any) -> None:
    server.answer_whole(
        json.dumps(
            {"id": "x", "choices": [{"index": 0, "message": {"content": "a"}, "finish_reason": "stop"}]}
        ).encode()
    )
    sent = client.chat.completions.with_raw_response.create(**ASKED, stream=stream)
    assert sent.status_code == 200
    asked = ASKED | {"model": f"groq/{ASKED['model']}"}
    answer = aiollm.completion(**asked, stream=stream, api_base=server.url, api_key="none")
    assert list(answer) if stream else answer
    theirs_sent, ours_sent = server.seen
    ours_sent.pop("stream_options", None)  # usage is asked for unasked
    assert ours_sent | {"stream": stream} == theirs_sent | {"stream": stream}

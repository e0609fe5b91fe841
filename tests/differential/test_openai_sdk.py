"""The official client and ours read the same recorded bytes, and say the same."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.corpus.recordings import Recording, recordings
from tests.dialects.reading import read
from tests.differential.summary import summary

STREAMS = {
    recording.name: recording
    for recording in recordings()
    if recording.streamed and recording.status < 400 and b'"text_completion"' not in recording.body
}

# Where the two differ on purpose: what differs, which streams, and why ours reads it as it does. Every row is needed.
DIFFERENCES: tuple[tuple[str, str, str], ...] = (
    (
        "finish",
        r"/stream-tools|/chat_tools_named_stream",
        "a normal end after tool calls is `tool_calls`, as in LiteLLM",
    ),
    ("finish", r"^(huggingface|together)/", "foreign names of a normal end (eos, eos_token) are `stop`"),
    ("calls", r"^gemini-openai-compat/", "a call without an id gets one: its result must name the call it answers"),
    ("usage", r"^groq/", "Groq's older place for usage, `x_groq`, is read"),
    (
        "usage",
        r"^xai/|-grok-",
        "reasoning that is counted beside the completion is counted in it, so that the sum is the total",
    ),
    (
        "error",
        r"stream-cut-inside-event$|/disconnect_stream$",
        "a cut stream is an error; the official client ends without a word",
    ),
)


class Replay(http.server.BaseHTTPRequestHandler):
    """Answers a request to `/<recording>/chat/completions` with the recorded bytes."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(STREAMS[self.path.removeprefix("/").removesuffix("/chat/completions")].body)

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with http.server.HTTPServer(("127.0.0.1", 0), Replay) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        with openai.OpenAI(api_key="none", base_url=f"http://127.0.0.1:{server.server_port}/", max_retries=0) as client:
            yield client
        server.shutdown()
        serving.join()


def theirs(client: openai.OpenAI, recording: Recording) -> dict[str, Any]:
    """What the official client's user sees: its chunks as dicts."""
    chunks: list[dict[str, Any]] = []
    error: Exception | None = None
    try:
        with client.with_options(base_url=f"{client.base_url}{recording.name}").chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Hello"}], stream=True
        ) as stream:
            chunks.extend(chunk.model_dump(warnings=False) for chunk in stream)
    except (openai.APIError, ValueError) as raised:
        error = raised
    return summary(chunks) | {"error": error is not None}


def ours(recording: Recording) -> dict[str, Any]:
    reading = read([recording.body])
    return summary([chunk.model_dump() for chunk in reading.chunks]) | {"error": reading.error is not None}


@pytest.mark.parametrize("name", STREAMS)
def test_both_clients_read_the_same(name: str, client: openai.OpenAI) -> None:
    seen, expected = ours(STREAMS[name]), theirs(client, STREAMS[name])
    differing = {member for member in expected if seen[member] != expected[member]}
    allowed = {member for member, streams, _ in DIFFERENCES if re.search(streams, name)}
    assert differing <= allowed, {member: (seen[member], expected[member]) for member in differing - allowed}


def test_every_difference_is_still_there(client: openai.OpenAI, corpus: Path) -> None:
    for member, streams, _ in DIFFERENCES:
        named = [recording for name, recording in STREAMS.items() if re.search(streams, name)]
        assert any(ours(recording)[member] != theirs(client, recording)[member] for recording in named), (
            member,
            streams,
        )


@pytest.mark.parametrize("name", [name for name in STREAMS if re.search(r"^xai/|-grok-", name)])
def test_usage_differs_by_the_reasoning_only(name: str, client: openai.OpenAI) -> None:
    seen, expected = ours(STREAMS[name])["usage"], theirs(client, STREAMS[name])["usage"]
    if seen != expected:
        assert {**expected, "completion_tokens": seen["completion_tokens"]} == seen
        assert seen["prompt_tokens"] + seen["completion_tokens"] == seen["total_tokens"]

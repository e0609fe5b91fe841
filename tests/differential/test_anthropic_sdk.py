"""The official client and ours read the same recorded bytes and say the same, and send the same for the same call."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aiollm
from aiollm.dialects.anthropic import Anthropic
from aiollm.testing import ProviderServer, status
from aiollm.wire.http import ReplyHead
from tests.corpus.recordings import Recording
from tests.corpus.test_anthropic import ALL, FINISHES
from tests.dialects.reading import endpoint, read, request
from tests.dialects.test_anthropic import message

anthropic = pytest.importorskip("anthropic")

REPLIES = {recording.name: recording for recording in ALL}
STREAMS = [name for name, one in REPLIES.items() if one.streamed and one.status == 200]
ERRORS = [name for name, one in REPLIES.items() if one.status >= 400]
SEVERAL = "a recording of several answers: ours ends with the first"
UNOPENED = "deltas of a block that was never opened are passed over; the official client fails"
NO_OBJECT = "arguments that are JSON but no object are given as they are; the official client fails"

# Where the two differ on purpose: what differs, which streams, and why ours reads it as it does. Every row is needed.
DIFFERENCES: tuple[tuple[str, str, str], ...] = (
    *((member, r"/stream-text-usage-claude-3-opus-adcd6c28", UNOPENED) for member in ("error", "finish", "usage")),
    (
        "error",
        r"/stream-overloaded-",
        "an error among the events has the class of its kind; the official client's is that of any status",
    ),
    *((member, r"^vllm-.*/anthropic_tools_stream", NO_OBJECT) for member in ("error", "finish", "usage")),
    *(
        (member, r"/stream-(parallel-tools-claude-sonnet-4-5-887c8271|tools-claude-sonnet-4-5-a691516b)", SEVERAL)
        for member in ("text", "calls", "finish", "usage")
    ),
)


class Replay(http.server.BaseHTTPRequestHandler):
    """Answers a request to `/<recording>/v1/messages` with the recorded bytes."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        recording = REPLIES[self.path.partition("?")[0].removeprefix("/").removesuffix("/v1/messages")]
        self.send_response(recording.status)
        self.send_header("Content-Type", "text/event-stream" if recording.streamed else "application/json")
        self.end_headers()
        self.wfile.write(recording.body)

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with http.server.HTTPServer(("127.0.0.1", 0), Replay) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        url = f"http://127.0.0.1:{server.server_port}"
        with anthropic.Anthropic(api_key="none", base_url=url, max_retries=0) as client:
            yield client
        server.shutdown()
        serving.join()


def at(client: Any, recording: Recording) -> Any:
    """The official client, with the recording's address."""
    return client.with_options(base_url=f"{str(client.base_url).rstrip('/')}/{recording.name}")


def theirs(client: Any, recording: Recording) -> dict[str, Any]:
    """What the official client's user sees: the message that its stream adds up to."""
    error, whole = None, None
    try:
        with at(client, recording).messages.stream(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "Hello"}]
        ) as stream:
            for _ in stream:
                whole = stream.current_message_snapshot.model_dump(warnings=False)
    except (anthropic.APIError, LookupError, RuntimeError, ValueError) as raised:
        error = type(raised).__name__
    blocks = (whole or {}).get("content") or []
    usage = (whole or {}).get("usage") or {}
    return {
        "text": "".join(block["text"] for block in blocks if block["type"] == "text"),
        "thinking": "".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
        "calls": [(block["id"], block["name"]) for block in blocks if block["type"] == "tool_use"],
        "finish": FINISHES.get((whole or {}).get("stop_reason")),
        "usage": (
            sum(
                usage.get(name) or 0
                for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
            ),
            usage.get("output_tokens") or 0,
        ),
        "error": error,
    }


def ours(recording: Recording) -> dict[str, Any]:
    reading = read([recording.body], dialect=Anthropic())
    partial = reading.decoder.partial()
    message = partial.choices[0].message if partial else aiollm.Message()
    usage = reading.decoder.usage
    name = type(reading.error).__name__ if reading.error else None
    return {
        "text": message.content or "",
        "thinking": message.reasoning_content or "",
        "calls": [(call.id, call.function.name) for call in message.tool_calls or ()],
        "finish": next(iter(reading.finishes.get(0, [])), None),
        "usage": (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0),
        "error": name,
    }


@pytest.mark.parametrize("name", STREAMS)
def test_both_clients_read_the_same(name: str, client: Any) -> None:
    seen, expected = ours(REPLIES[name]), theirs(client, REPLIES[name])
    differing = {member for member in expected if seen[member] != expected[member]}
    allowed = {member for member, streams, _ in DIFFERENCES if re.search(streams, name)}
    assert differing <= allowed, {member: (seen[member], expected[member]) for member in differing - allowed}


def test_every_difference_is_still_there(client: Any, corpus: Path) -> None:
    for member, streams, _ in DIFFERENCES:
        named = [REPLIES[name] for name in STREAMS if re.search(streams, name)]
        assert any(ours(one)[member] != theirs(client, one)[member] for one in named), (member, streams)


@pytest.mark.parametrize("name", ERRORS)
def test_both_clients_name_an_error_the_same(name: str, client: Any) -> None:
    recording = REPLIES[name]
    with pytest.raises(anthropic.APIStatusError) as caught:
        at(client, recording).messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "Hello"}])
    error = Anthropic().error(ReplyHead(recording.status, {}), recording.body, request(), endpoint())
    assert (type(error).__name__, error.status_code) == (type(caught.value).__name__, caught.value.status_code)


MODEL = "claude-haiku-4-5"
PIXEL = "iVBORw0KGgo="
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
STRICT = PARAMETERS | {"additionalProperties": False}
CACHE = {"type": "ephemeral"}


def said(*words: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": word} for word in words]


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


HELLO = {"role": "user", "content": "Hello"}
CALL = {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
TOOL = {"type": "function", "function": {"name": "weather", "description": "d", "parameters": PARAMETERS}}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}

# A call in OpenAI's words, and the same in Anthropic's.
CALLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": ({"messages": [HELLO]}, {"messages": [user(*said("Hello"))]}),
    "stream": ({"messages": [HELLO], "stream": True}, {"messages": [user(*said("Hello"))], "stream": True}),
    "system": (
        {"messages": [{"role": "system", "content": "A", "cache_control": CACHE}, HELLO]},
        {"system": [{**said("A")[0], "cache_control": CACHE}], "messages": [user(*said("Hello"))]},
    ),
    "parameters": (
        {"messages": [HELLO], "temperature": 0.5, "top_p": 0.9, "stop": "x", "user": "u1", "service_tier": "default"},
        {
            "messages": [user(*said("Hello"))],
            "extra_body": {"temperature": 0.5, "top_p": 0.9},
            "stop_sequences": ["x"],
            "metadata": {"user_id": "u1"},
            "service_tier": "standard_only",
        },
    ),
    "image and document": (
        {
            "messages": [
                user(
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                    {"type": "image_url", "image_url": {"url": "https://h/a.png"}},
                    {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0="}},
                    *said("What?"),
                )
            ]
        },
        {
            "messages": [
                user(
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                    {"type": "image", "source": {"type": "url", "url": "https://h/a.png"}},
                    {
                        "type": "document",
                        "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
                    },
                    *said("What?"),
                )
            ]
        },
    ),
    "tools and their results": (
        {
            "messages": [
                HELLO,
                {"role": "assistant", "content": "Look.", "tool_calls": [CALL], "thinking_blocks": [THOUGHT]},
                {"role": "tool", "tool_call_id": "t1", "content": "Rain"},
            ],
            "tools": [TOOL],
            "tool_choice": "auto",
            "parallel_tool_calls": False,
        },
        {
            "messages": [
                user(*said("Hello")),
                {
                    "role": "assistant",
                    "content": [
                        THOUGHT,
                        *said("Look."),
                        {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}},
                    ],
                },
                user({"type": "tool_result", "tool_use_id": "t1", "content": "Rain"}),
            ],
            "tools": [{"name": "weather", "description": "d", "input_schema": PARAMETERS}],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        },
    ),
    "thinking": (
        {"messages": [HELLO], "reasoning_effort": "medium"},
        {"messages": [user(*said("Hello"))], "thinking": {"type": "enabled", "budget_tokens": 2048}},
    ),
    "schema": (
        {
            "messages": [HELLO],
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": PARAMETERS}},
        },
        {
            "messages": [user(*said("Hello"))],
            "output_config": {"format": {"type": "json_schema", "schema": STRICT}},
        },
    ),
}


@pytest.mark.parametrize("name", CALLS)
async def test_both_clients_send_the_same(name: str) -> None:
    mine, native = CALLS[name]
    async with ProviderServer() as server:
        server.script([status(200, body=message({"type": "text", "text": "Hi"}))])
        answer = await aiollm.acompletion(
            f"anthropic/{MODEL}", max_tokens=3000, api_base=server.url, api_key="k", **mine
        )
        if mine.get("stream"):
            await answer.aclose()
        async with anthropic.AsyncAnthropic(api_key="k", base_url=server.url, max_retries=0) as client:
            await client.messages.create(model=MODEL, max_tokens=3000, **native)
        ours, theirs = server.log
    assert (ours.json, ours.path) == (theirs.json, theirs.path)

"""The official client and ours on the Responses API: the same recorded bytes, and the same requests."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

import aiollm
from aiollm.dialects.responses import Responses
from aiollm.dialects.responses_api import ResponsesAPI
from aiollm.testing import ProviderServer, event, status
from tests.corpus.recordings import of_providers
from tests.corpus.test_responses import EDITED, without_nulls
from tests.dialects.reading import read

STREAMS = {
    recording.name: recording
    for recording in of_providers("openai-responses")
    if recording.streamed and recording.name not in EDITED
}
FAILED = {
    "openai-responses/stream-instream-error-gpt-4o-44129eae",
    "openai-responses/stream-instream-error-gpt-5-nano-ce62faea",
}
"""Streams with an error event. Both clients raise; the official one knows one class, `APIError`, for all of them."""

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


class Replay(http.server.BaseHTTPRequestHandler):
    """Answers a request to `/<recording>/responses` with the recorded bytes."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(STREAMS[self.path.removeprefix("/").removesuffix("/responses")].body)

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


def theirs(client: openai.OpenAI, name: str) -> tuple[list[Any], bool]:
    """The official client's events, and whether it raised."""
    events: list[Any] = []
    try:
        with client.with_options(base_url=f"{client.base_url}{name}").responses.create(
            model="m", input="Hi", stream=True
        ) as stream:
            events.extend(stream)
    except openai.APIError:
        return events, True
    return events, False


def told(event: dict[str, Any]) -> Any:
    """What an event says; an output that is empty says as little as one that was left out.

    The official client loses a text that a server sends beside the output, because it has a property of that name.
    """
    if "response" in event:
        event["response"].pop("output_text", None)
        event["response"]["output"] = event["response"].get("output") or None
    return without_nulls(event)


@pytest.mark.parametrize("name", STREAMS)
def test_both_clients_give_the_same_events(name: str, client: openai.OpenAI) -> None:
    expected, raised = theirs(client, name)
    reading = read([STREAMS[name].body], dialect=ResponsesAPI())  # type: ignore[arg-type]
    assert (reading.error is not None) == raised == (name in FAILED)
    assert [event.type for event in reading.chunks] == [event.type for event in expected]
    for mine, other in zip(reading.chunks, expected, strict=True):
        # What was sent, without what its model adds: `to_dict` leaves out what was not set.
        assert told(mine.model_dump()) == told(other.to_dict(mode="json", warnings=False))


@pytest.mark.parametrize("name", [name for name in STREAMS if name not in FAILED])
def test_chat_says_what_the_official_clients_response_says(name: str, client: openai.OpenAI) -> None:
    response = theirs(client, name)[0][-1].response
    reading = read([STREAMS[name].body], dialect=Responses())
    partial = reading.decoder.partial()
    if response.output:
        assert (partial.choices[0].message.content or "") == response.output_text
    usage = partial.usage
    assert usage.prompt_tokens == response.usage.input_tokens
    assert usage.total_tokens == response.usage.total_tokens
    # Where reasoning is counted beside the output (xAI), it is counted in the completion, so that the sum is the total.
    reasoning = response.usage.output_tokens_details.reasoning_tokens if response.usage.output_tokens_details else 0
    assert usage.completion_tokens in (response.usage.output_tokens, response.usage.output_tokens + reasoning)


def test_there_are_streams_to_read(corpus: Path) -> None:
    assert len(STREAMS) > 90


RAW: list[dict[str, Any]] = [
    {"input": "Hi"},
    {
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        "instructions": "Be brief.",
        "max_output_tokens": 20,
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "tools": [{"type": "web_search"}, {"type": "function", "name": "f", "parameters": SCHEMA, "strict": True}],
        "tool_choice": {"type": "function", "name": "f"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA}, "verbosity": "low"},
        "metadata": {"a": "b"},
        "previous_response_id": "resp_0",
        "store": False,
        "temperature": 0.5,
        "truncation": "auto",
    },
]


@pytest.mark.parametrize("options", RAW)
@pytest.mark.parametrize("stream", [True, False])
async def test_both_send_the_same_request(options: dict[str, Any], stream: bool) -> None:
    async with ProviderServer() as server:
        server.script(answer(stream))
        async with openai.AsyncOpenAI(api_key="k-0123456789", base_url=server.base_url, max_retries=0) as client:
            reply = await client.responses.create(model="m", stream=stream, **options)
            if stream:
                async for _ in reply:
                    pass
        mine = await aiollm.aresponses(
            model="openai/m", stream=stream, api_base=server.base_url, api_key="k-0123456789", **options
        )
        if stream:
            async for _ in mine:
                pass
        sent, ours = server.log
        assert (ours.target, ours.headers["authorization"]) == (sent.target, sent.headers["authorization"])
        expected = sent.json
        if not stream:
            expected.pop("stream", None)  # theirs says False
        assert ours.json == expected


async def test_a_chat_request_is_what_one_would_write_for_the_official_client() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"city":"Bern"}'}}
    function = {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}
    async with ProviderServer() as server:
        server.script(answer(False))
        async with openai.AsyncOpenAI(api_key="k", base_url=server.base_url, max_retries=0) as client:
            await client.responses.create(
                model="gpt-5-codex",
                input=[
                    {"type": "message", "role": "developer", "content": "Be brief."},
                    {
                        "type": "message",
                        "role": "user",
                        "content": [
                            {"type": "input_text", "text": "Where?"},
                            {"type": "input_image", "image_url": "https://x/y.png", "detail": "auto"},
                        ],
                    },
                    {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"city":"Bern"}'},
                    {"type": "function_call_output", "call_id": "call_1", "output": "7"},
                ],
                tools=[{"type": "function", "name": "f", "description": "d", "parameters": SCHEMA, "strict": True}],
                tool_choice={"type": "function", "name": "f"},
                text={"format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}},
                reasoning={"effort": "low"},
                max_output_tokens=20,
                parallel_tool_calls=False,
            )
        await aiollm.acompletion(
            model="gpt-5-codex",
            messages=[
                {"role": "developer", "content": "Be brief."},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Where?"},
                        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
                    ],
                },
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "call_1", "content": "7"},
            ],
            tools=[{"type": "function", "function": function}],
            tool_choice={"type": "function", "function": {"name": "f"}},
            response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}},
            reasoning_effort="low",
            max_tokens=20,
            parallel_tool_calls=False,
            api_base=server.base_url,
            api_key="k",
        )
        sent, ours = server.log
        assert (ours.target, ours.json) == (sent.target, sent.json)


def answer(stream: bool) -> Any:
    response = {"id": "resp_1", "model": "m", "status": "completed", "output": []}
    if stream:
        return event({"type": "response.completed", "response": response})
    return status(200, body=response)

"""AWS's own SDK and ours: the same bytes are read the same, and the same call is sent the same."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from aiollm.dialects.converse import Converse
from aiollm.exceptions import APIError
from aiollm.providers import resolve
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.types.request import Request
from aiollm.wire.http import ReplyHead
from tests.corpus.recordings import Recording
from tests.corpus.test_converse import ERRORS, FINISHES, STREAMS, WHOLE
from tests.dialects.reading import decode, endpoint, read, request, tool_calls

botocore_session = pytest.importorskip("botocore.session")
exceptions = pytest.importorskip("botocore.exceptions")

CONVERSE = Converse()
RECORDINGS = {recording.name: recording for recording in (*STREAMS, *WHOLE, *ERRORS)}


class Replay(http.server.BaseHTTPRequestHandler):
    """Answers with the reply that the model's id names, and keeps what was asked."""

    asked: tuple[str, Any] = ("", None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked = (self.path, json.loads(body))
        recording = RECORDINGS.get(self.path.split("/")[2].replace("..", "/"))
        self.send_response(recording.status if recording else 200)
        if recording is None:
            self._send(b'{"output":{"message":{"role":"assistant","content":[]}},"stopReason":"end_turn"}', "json")
            return
        for name, value in recording.headers.items():
            if name.startswith("x-amzn"):
                self.send_header(name, value)
        self._send(recording.body, "vnd.amazon.eventstream" if recording.streamed else "json")

    def _send(self, body: bytes, kind: str) -> None:
        self.send_header("Content-Type", f"application/{kind}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with http.server.HTTPServer(("127.0.0.1", 0), Replay) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        session = botocore_session.Session()
        session.set_config_variable("max_attempts", 1)
        client = session.create_client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=f"http://127.0.0.1:{server.server_port}",
            aws_access_key_id="AKIA",
            aws_secret_access_key="s",
        )
        yield client
        client.close()
        server.shutdown()
        serving.join()


def each(chosen: list[Recording]) -> Any:
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def asking(recording: Recording) -> dict[str, Any]:
    return {
        "modelId": recording.name.replace("/", ".."),
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
    }


def summary(blocks: list[dict[str, Any]], stop: str | None, usage: dict[str, Any] | None) -> dict[str, Any]:
    """What an answer comes to, from Converse's blocks as botocore gives them."""
    texts, thoughts, calls = [], [], []
    for block in blocks:
        texts.append(block.get("text") or "")
        texts += [part["text"] for part in block.get("citationsContent", {}).get("content", [])]
        thoughts.append(block.get("reasoningContent", {}).get("reasoningText", {}).get("text") or "")
        call = block.get("toolUse")
        if call and call.get("type") != "server_tool_use":
            calls.append((call["toolUseId"], call["name"], call["input"]))
    counts = None if usage is None else (usage["inputTokens"], usage["outputTokens"], usage["totalTokens"])
    finish = FINISHES[stop] if stop else None
    return {"text": "".join(texts), "thought": "".join(thoughts), "calls": calls, "finish": finish, "usage": counts}


def streamed(events: Any) -> dict[str, Any]:
    """Add up botocore's events as its users do."""
    blocks: dict[int, dict[str, Any]] = {}
    stop = usage = error = None
    try:
        for event in events:
            if "contentBlockStart" in event:
                start = event["contentBlockStart"]
                if "toolUse" in start["start"]:
                    blocks[start["contentBlockIndex"]] = {"toolUse": {**start["start"]["toolUse"], "input": ""}}
            elif "contentBlockDelta" in event:
                add(blocks.setdefault(event["contentBlockDelta"]["contentBlockIndex"], {}), event["contentBlockDelta"])
            elif "messageStop" in event:
                stop = event["messageStop"]["stopReason"]
            elif "metadata" in event:
                usage = event["metadata"]["usage"]
    except exceptions.EventStreamError as raised:
        error = raised.response["Error"]["Code"]
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
    return summary(list(blocks.values()), stop, usage) | {"error": error}


def add(block: dict[str, Any], event: dict[str, Any]) -> None:
    delta = event["delta"]
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    if "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    if text := delta.get("reasoningContent", {}).get("text"):
        thought = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {"text": ""})
        thought["text"] += text


@each(STREAMS)
def test_a_stream_is_read_the_same(recording: Recording, client: Any) -> None:
    events = client.converse_stream(**asking(recording))["stream"]
    theirs = streamed(events)
    events.close()
    reading = read([recording.body], dialect=CONVERSE)
    usage = reading.decoder.usage
    ours = {
        "text": reading.text(),
        "thought": reading.text(field="reasoning_content"),
        "calls": [(call["id"], call["name"], json.loads(call["arguments"])) for call in tool_calls(reading)],
        "finish": next(iter(reading.finishes.get(0, [])), None),
        "usage": None if usage is None else (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens),
        "error": None if reading.error is None else reading.error.code,
    }
    assert ours == theirs
    if "cut" in recording.name:
        assert theirs["error"] is None  # botocore ends without a word
        assert reading.error is not None


# A reply of its publisher's with an empty block of reasoning in it: botocore refuses it, we read what there is.
EMPTY_BLOCK = "full-reasoning-unknown-df496fe5"


@each([recording for recording in WHOLE if EMPTY_BLOCK not in recording.name])
def test_a_whole_answer_is_read_the_same(recording: Recording, client: Any) -> None:
    found = client.converse(**asking(recording))
    theirs = summary(found["output"]["message"]["content"], found["stopReason"], found.get("usage"))
    response = decode(recording.body, dialect=CONVERSE)
    message, usage = response.choices[0].message, response.usage
    assert theirs == {
        "text": message.content or "",
        "thought": message.reasoning_content or "",
        "calls": [
            (call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or ()
        ],
        "finish": response.choices[0].finish_reason,
        "usage": None if usage is None else (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens),
    }


@each(ERRORS)
def test_an_error_is_read_the_same(recording: Recording, client: Any) -> None:
    ask = client.converse_stream if recording.streamed else client.converse
    with pytest.raises(exceptions.ClientError) as caught:
        ask(**asking(recording))
    error: APIError = CONVERSE.error(
        ReplyHead(recording.status, recording.headers), recording.body, request(), endpoint()
    )
    reported = caught.value.response
    assert error.status_code == reported["ResponseMetadata"]["HTTPStatusCode"]
    assert reported["Error"]["Message"] in str(error)
    if error.code:
        assert error.code == reported["Error"]["Code"]


PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
PDF = {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "f", "description": "F.", "parameters": SCHEMA, "strict": True}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
THINKING = [
    {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "cmVk"},
]
HI = [{"role": "user", "content": "Hi"}]
CLAUDE, NOVA = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-pro-v1:0"

CALLS: dict[str, tuple[str, list[dict[str, Any]], dict[str, Any]]] = {
    "text": (CLAUDE, HI, {"max_tokens": 5, "temperature": 0.5, "top_p": 0.9, "stop": ["x"]}),
    "an inference profile by its ARN": (
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.x",
        [{"role": "system", "content": "S"}, *HI],
        {},
    ),
    "files": (NOVA, [{"role": "user", "content": [{"type": "text", "text": "See"}, PNG, PDF, {**PDF, **MARK}]}], {}),
    "files in S3": (
        NOVA,
        [
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": "s3://b/a.png"}},
                    {"type": "video_url", "video_url": {"url": "s3://b/a.mp4"}},
                    {"type": "file", "file": {"file_id": "s3://b/a.docx"}},
                ],
            }
        ],
        {},
    ),
    "sound": (
        NOVA,
        [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "eA==", "format": "wav"}}]}],
        {},
    ),
    "tools": (
        CLAUDE,
        [
            *HI,
            {"role": "assistant", "tool_calls": [CALL], "thinking_blocks": THINKING},
            {"role": "tool", "tool_call_id": "c1", "content": "7"},
        ],
        {"tools": [{**TOOL, **MARK}], "tool_choice": "required", "parallel_tool_calls": False},
    ),
    "a named tool": (NOVA, HI, {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "f"}}}),
    "thinking": (CLAUDE, HI, {"reasoning_effort": "high"}),
    "adaptive thinking": ("us.anthropic.claude-opus-4-6-v1", HI, {"reasoning_effort": "low"}),
    "a schema": (
        CLAUDE,
        HI,
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}},
    ),
    "a schema by a tool": (NOVA, HI, {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}}),
    "its own members": (
        NOVA,
        [{"role": "user", "content": [{"type": "guarded_text", "text": "x"}]}],
        {
            "guardrailConfig": {"guardrailIdentifier": "g1", "guardrailVersion": "1"},
            "performanceConfig": {"latency": "optimized"},
            "requestMetadata": {"team": "a"},
            "service_tier": "flex",
            "top_k": 5,
        },
    ),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_a_request_is_what_botocore_takes_and_sends(name: str, stream: bool, client: Any) -> None:
    """It checks every member against the service's model, and refuses what is not in it."""
    model, messages, params = CALLS[name]
    target = resolve(f"bedrock/{model}", environ={"AWS_REGION": "us-east-1"})
    asked = Request(model=target.model, messages=messages, params=params, known=OPENAI_PARAMS, stream=stream)
    sent = CONVERSE.encode(asked, target.endpoint)
    ours = json.loads(sent.body)
    ask = client.converse_stream if stream else client.converse
    answer = ask(modelId=model, **with_bytes(ours))
    if stream:
        answer["stream"].close()
    path, theirs = Replay.asked
    assert ours == theirs
    assert sent.url == f"https://bedrock-runtime.us-east-1.amazonaws.com{path}"


def with_bytes(value: Any) -> Any:
    """The members that are base64 on the wire as botocore takes them."""
    if isinstance(value, list):
        return [with_bytes(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base64.b64decode(item) if name in ("bytes", "redactedContent") else with_bytes(item)
        for name, item in value.items()
    }

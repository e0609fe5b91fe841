"""Google's official client and ours read the same recorded bytes, and write the same requests."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from aiollm import exceptions as e
from aiollm.dialects.gemini import Gemini
from aiollm.wire.http import ReplyHead
from tests.corpus.recordings import Recording, recordings
from tests.dialects.reading import decode, endpoint, read, request, tool_calls

genai = pytest.importorskip("google.genai")
types = pytest.importorskip("google.genai.types")
errors = pytest.importorskip("google.genai.errors")

GEMINI = Gemini()
ALL = recordings("gemini", lambda head, body: False)
NUMBERED = re.compile(rb'"(finishReason|modality)": *\d')  # theirs knows these by name only
UNSIGNED = b"thought_abc123"  # a signature that was made unreadable: theirs wants base64
READ = [
    one
    for one in ALL
    if one.status == 200
    and not one.body.lstrip().startswith(b"[")  # theirs asks for events only
    and not NUMBERED.search(one.body)
    and UNSIGNED not in one.body
]
ERRORS = [one for one in ALL if one.status >= 400]

# Where the two differ on purpose: what differs, which replies, and why ours reads it as it does. Every row is needed.
DIFFERENCES: tuple[tuple[str, str, str], ...] = (
    ("finish", r"-tools-|-parallel-tools-|8c08488c|f428b049", "a normal end after function calls is `tool_calls`"),
    (
        "finish",
        r"filtered-unknown|ec7b9241",
        "a prompt that was blocked ends with `content_filter`; theirs has no answer",
    ),
    ("finish", r"1ddeaf9b|722bda48", "a whole answer without a finish reason is a normal end"),
    ("calls", r"9d5c2d9c", "arguments in pieces are put together; theirs gives the pieces"),
    ("error", r"a53aad85", "a stream without a finish reason was cut; theirs ends without a word"),
)
FINISHES = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "OTHER": "content_filter",
    "UNEXPECTED_TOOL_CALL": "stop",
}


@define
class Loopback:
    """Answers `/models/case-<number>:...` with that recording, and keeps what it was sent."""

    url: str = ""
    bodies: list[Any] = field(factory=list)
    paths: list[str] = field(factory=list)
    headers: list[dict[str, str]] = field(factory=list)


@pytest.fixture(scope="module")
def loopback() -> Iterator[Loopback]:
    place = Loopback()

    class Replay(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            place.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            place.paths.append(self.path)
            place.headers.append({name.lower(): value for name, value in self.headers.items()})
            found = re.search(r"case-(\d+):", self.path)
            recording = ALL[int(found[1])] if found else None
            body = recording.body if recording else b'{"candidates": [{"finishReason": "STOP"}]}'
            self.send_response(recording.status if recording else 200)
            self.send_header("Content-Type", "text/event-stream" if "alt=sse" in self.path else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Replay) as server:
        place.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        yield place
        server.shutdown()
        serving.join()


@pytest.fixture(scope="module")
def client(loopback: Loopback) -> Any:
    return genai.Client(api_key="key-of-the-test", http_options=types.HttpOptions(base_url=loopback.url))


def theirs(client: Any, recording: Recording) -> dict[str, Any]:
    """What the official client's user sees."""
    call = client.models.generate_content_stream if recording.streamed else client.models.generate_content
    pieces: list[Any] = []
    error = None
    try:
        answer = call(model=f"case-{ALL.index(recording)}", contents="Hello")
        pieces.extend(answer if recording.streamed else [answer])
    except errors.APIError as raised:
        error = raised.code
    candidates = [one for piece in pieces for one in piece.candidates or ()]
    parts = [part for one in candidates for part in (one.content and one.content.parts) or ()]
    reasons = [one.finish_reason.name for one in candidates if one.finish_reason]
    counts = [piece.usage_metadata for piece in pieces if piece.usage_metadata]
    return {
        "text": "".join(part.text for part in parts if part.text and not part.thought),
        "thought": "".join(part.text for part in parts if part.text and part.thought),
        "calls": [(part.function_call.name, part.function_call.args or {}) for part in parts if part.function_call],
        "finish": FINISHES[reasons[-1]] if reasons else None,
        "usage": (counts and (counts[-1].prompt_token_count, counts[-1].candidates_token_count or 0)) or None,
        "error": error,
    }


def ours(recording: Recording) -> dict[str, Any]:
    if not recording.streamed:
        response = decode(recording.body, dialect=GEMINI)
        choice, usage, error = response.choices[0], response.usage, None
        text, thought = choice.message.content or "", choice.message.reasoning_content or ""
        calls = [(call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls or ()]
        finish = choice.finish_reason
    else:
        reading = read([recording.body], dialect=GEMINI)
        usage, finish = reading.decoder.usage, reading.decoder.finish_reason
        error = None if reading.error is None else reading.error.status_code or 0
        text, thought = reading.text(), reading.text(field="reasoning_content")
        calls = [(call["name"], json.loads(call["arguments"])) for call in tool_calls(reading)]
    details = usage and usage.completion_tokens_details
    thoughts = (details and details.reasoning_tokens) or 0
    counts = (usage.prompt_tokens, usage.completion_tokens - thoughts) if usage else None
    return {"text": text, "thought": thought, "calls": calls, "finish": finish, "usage": counts, "error": error}


def differing(client: Any, recording: Recording) -> set[str]:
    seen, expected = ours(recording), theirs(client, recording)
    return {member for member in expected if seen[member] != expected[member]}


@pytest.mark.parametrize("recording", READ, ids=lambda one: one.name)
def test_both_clients_read_the_same(recording: Recording, client: Any) -> None:
    allowed = {member for member, names, _ in DIFFERENCES if re.search(names, recording.name)}
    assert differing(client, recording) <= allowed


def test_every_difference_is_still_there(client: Any, corpus: Path) -> None:
    for member, names, _ in DIFFERENCES:
        named = [recording for recording in READ if re.search(names, recording.name)]
        assert any(member in differing(client, recording) for recording in named), (member, names)


@pytest.mark.parametrize("recording", ERRORS, ids=lambda one: one.name)
def test_both_clients_see_the_same_error(recording: Recording, client: Any) -> None:
    with pytest.raises(errors.APIError) as caught:
        client.models.generate_content(model=f"case-{ALL.index(recording)}", contents="Hello")
    error = GEMINI.error(ReplyHead(recording.status, recording.headers), recording.body, request(), endpoint())
    assert isinstance(caught.value, errors.ClientError if recording.status < 500 else errors.ServerError)
    assert (error.status_code, error.type) == (caught.value.code, caught.value.status)
    assert isinstance(error, e.APIError)


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA}}


def declared() -> Any:
    return types.Tool(
        function_declarations=[types.FunctionDeclaration(name="f", description="d", parameters_json_schema=SCHEMA)]
    )


def conversation() -> tuple[list[dict[str, Any]], list[Any]]:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": "1"}'}}
    signed = {**call, "provider_specific_fields": {"thought_signature": "c2ln"}}
    other = {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [signed, other]},
        {"role": "tool", "tool_call_id": "c1", "content": '{"b": 2}'},
        {"role": "tool", "tool_call_id": "c2", "content": "done"},
        {"role": "assistant", "content": "well"},
        {"role": "user", "content": [{"type": "text", "text": "more"}]},
    ]
    contents = [
        types.UserContent("hi"),
        types.ModelContent(
            [
                types.Part(function_call=types.FunctionCall(name="f", args={"a": "1"}), thought_signature=b"sig"),
                types.Part.from_function_call(name="g", args={}),
            ]
        ),
        types.UserContent(
            [
                types.Part.from_function_response(name="f", response={"b": 2}),
                types.Part.from_function_response(name="g", response={"content": "done"}),
            ]
        ),
        types.ModelContent("well"),
        types.UserContent("more"),
    ]
    return messages, contents


def media() -> tuple[list[dict[str, Any]], list[Any]]:
    messages = [
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}},
                {"type": "image_url", "image_url": "gs://b/a.jpg"},
                {"type": "input_audio", "input_audio": {"data": "YWJj", "format": "wav"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,YWJj"}},
                {"type": "file", "file": {"file_id": "https://h/v1beta/files/x", "format": "video/mp4"}},
            ],
        }
    ]
    contents = types.UserContent(
        [
            types.Part.from_bytes(data=b"abc", mime_type="image/png"),
            types.Part.from_uri(file_uri="gs://b/a.jpg", mime_type="image/jpeg"),
            types.Part.from_bytes(data=b"abc", mime_type="audio/wav"),
            types.Part.from_bytes(data=b"abc", mime_type="application/pdf"),
            types.Part.from_uri(file_uri="https://h/v1beta/files/x", mime_type="video/mp4"),
        ]
    )
    return messages, [contents]


HELLO = [{"role": "user", "content": "Hello"}]
# What ours is asked, and what theirs is asked to say the same: (messages, parameters), (contents, configuration).
REQUESTS: dict[str, tuple[list[dict[str, Any]], dict[str, Any], Any, dict[str, Any]]] = {
    "text": (HELLO, {}, "Hello", {}),
    "system": ([{"role": "system", "content": "Be brief."}, *HELLO], {}, "Hello", {"system_instruction": "Be brief."}),
    "sampling": (
        HELLO,
        {
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 5,
            "n": 2,
            "max_tokens": 10,
            "stop": "x",
            "seed": 7,
            "presence_penalty": 0.1,
            "frequency_penalty": 0.2,
            "logprobs": True,
            "top_logprobs": 3,
        },
        "Hello",
        {
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 5,
            "candidate_count": 2,
            "max_output_tokens": 10,
            "stop_sequences": ["x"],
            "seed": 7,
            "presence_penalty": 0.1,
            "frequency_penalty": 0.2,
            "response_logprobs": True,
            "logprobs": 3,
        },
    ),
    "tools": (
        HELLO,
        {
            "tools": [TOOL, {"googleSearch": {}}, {"codeExecution": {}}, {"urlContext": {}}],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
        },
        "Hello",
        {
            "tools": [
                declared(),
                types.Tool(google_search=types.GoogleSearch()),
                types.Tool(code_execution=types.ToolCodeExecution()),
                types.Tool(url_context=types.UrlContext()),
            ],
            "tool_config": types.ToolConfig(
                function_calling_config=types.FunctionCallingConfig(mode="ANY", allowed_function_names=["f"])
            ),
        },
    ),
    "schema": (
        HELLO,
        {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}},
        "Hello",
        {"response_mime_type": "application/json", "response_json_schema": SCHEMA},
    ),
    "thinking": (
        HELLO,
        {"reasoning_effort": "low", "service_tier": "flex", "modalities": ["text", "image"]},
        "Hello",
        {
            "thinking_config": types.ThinkingConfig(thinking_budget=1024, include_thoughts=True),
            "service_tier": "flex",
            "response_modalities": ["TEXT", "IMAGE"],
        },
    ),
    "googles": (
        HELLO,
        {
            "safety_settings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"}],
            "cached_content": "cachedContents/1",
            "image_config": {"aspectRatio": "1:1"},
        },
        "Hello",
        {
            "safety_settings": [types.SafetySetting(category="HARM_CATEGORY_HATE_SPEECH", threshold="BLOCK_NONE")],
            "cached_content": "cachedContents/1",
            "image_config": types.ImageConfig(aspect_ratio="1:1"),
        },
    ),
    "conversation": (conversation()[0], {}, conversation()[1], {}),
    "media": (media()[0], {}, media()[1], {}),
}
FREE = {"args", "response", "parametersJsonSchema", "responseJsonSchema"}


def settled(value: Any) -> Any:
    """A body spelt in one way, its tools in one order, and without what theirs adds to it."""
    if isinstance(value, list):
        return [settled(item) for item in value]
    if not isinstance(value, dict):
        return value
    spelt = {re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name): item for name, item in value.items()}
    body = {name: item if name in FREE else settled(item) for name, item in spelt.items()}
    if body.get("generationConfig") == {}:
        del body["generationConfig"]
    if "systemInstruction" in body:
        body["systemInstruction"].pop("role", None)
    if "tools" in body:
        body["tools"].sort(key=lambda tool: next(iter(tool)))
    return body


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("stream", [False, True])
def test_both_clients_send_the_same(name: str, stream: bool, client: Any, loopback: Loopback) -> None:
    messages, params, contents, configuration = REQUESTS[name]
    call = client.models.generate_content_stream if stream else client.models.generate_content
    answer = call(model="gemini-2.5-flash", contents=contents, config=types.GenerateContentConfig(**configuration))
    list(answer) if stream else answer
    asked = request(model="gemini-2.5-flash", messages=messages, params=params, stream=stream)
    place = endpoint(
        url="https://h/models/m:generateContent", stream_url="https://h/models/m:streamGenerateContent?alt=sse"
    )
    sent = GEMINI.encode(asked, place)
    assert settled(json.loads(sent.body)) == settled(loopback.bodies[-1])
    assert sent.url.rpartition(":")[2] == loopback.paths[-1].rpartition(":")[2]


def test_both_clients_name_the_key_in_the_same_header(client: Any, loopback: Loopback) -> None:
    client.models.generate_content(model="gemini-2.5-flash", contents="Hello")
    assert loopback.headers[-1]["x-goog-api-key"] == "key-of-the-test"
    assert "key-of-the-test" not in loopback.paths[-1]

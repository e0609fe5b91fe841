"""Providers with a form of their own, called through `acompletion` over a real socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

import aiollm
from aiollm.testing import ProviderServer, headers, raw, reply, status
from tests.engine.calling import MESSAGES, collected, text_of

NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"


def lines(*objects: Any) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


def events(*objects: Any, end: bytes = b"") -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in objects) + end


def ollama(content: str, **members: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {"model": "m", "created_at": "2026-11-21T08:01:52Z", "message": message, "done": False, **members}


def cohere(text: str) -> dict[str, Any]:
    return {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}}


def openai(content: Any = None, finish: str | None = None, **members: Any) -> dict[str, Any]:
    delta = {} if content is None else {"role": "assistant", "content": content}
    return {"id": "c", "created": 1, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **members}


OLLAMA_END = {"done": True, "done_reason": "stop", "prompt_eval_count": 1, "eval_count": 2}
COHERE_USAGE = {"tokens": {"input_tokens": 1, "output_tokens": 2}}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
THINKING = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
WHOLE = {
    "id": "c",
    "choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}],
    "usage": USAGE,
}

# The model, the content type and body of a stream, the body of a whole reply, where they are posted, and the body of an
# error with its status.
CALLS: dict[str, tuple[str, str, bytes, Any, str, Any]] = {
    "ollama": (
        "ollama_chat/m",
        NDJSON,
        lines(ollama("Hel"), ollama("lo"), ollama("", **OLLAMA_END)),
        ollama("Hello", **OLLAMA_END),
        "/api/chat",
        {"error": "it is gone"},
    ),
    "cohere": (
        "cohere/m",
        EVENTS,
        events(
            {"type": "message-start", "id": "c"},
            cohere("Hel"),
            cohere("lo"),
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": COHERE_USAGE}},
        ),
        {
            "id": "c",
            "message": {"content": [{"type": "text", "text": "Hello"}]},
            "finish_reason": "COMPLETE",
            "usage": COHERE_USAGE,
        },
        "/v2/chat",
        {"id": "x", "message": "it is gone"},
    ),
    "mistral": (
        "mistral/m",
        EVENTS,
        events(openai(THINKING), openai("Hello"), openai(finish="stop", usage=USAGE), end=b"data: [DONE]\n\n"),
        {
            "id": "c",
            "choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}],
            "usage": USAGE,
        },
        "/chat/completions",
        {"object": "error", "message": "it is gone", "type": "x", "code": "1500"},
    ),
    "watsonx": (
        "watsonx/m",
        EVENTS,
        b"id: 1\nevent: message\n"
        + events(openai("Hello"), openai(finish="stop"), {"id": "c", "choices": [], "usage": USAGE}),
        {
            "id": "c",
            "choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}],
            "usage": USAGE,
        },
        "/ml/v1/text/chat",
        {"errors": [{"code": "model_not_supported", "message": "it is gone"}], "trace": "t", "status_code": 404},
    ),
    "databricks": (
        "databricks/m",
        EVENTS,
        events(openai("Hello", usage=USAGE), openai(finish="stop", usage=USAGE), end=b"data: [DONE]\n\n"),
        {
            "id": "c",
            "choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}],
            "usage": USAGE,
        },
        "/chat/completions",
        {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "it is gone"},
    ),
}


def named(name: str, server: ProviderServer, **options: Any) -> dict[str, Any]:
    base = server.base_url.removesuffix("/v1")
    signed = {"watsonx_token": "token-000"} if name == "watsonx" else {"api_key": "key-000"}
    return {"model": CALLS[name][0], "messages": MESSAGES, "api_base": base, **signed, **options}


@pytest.mark.parametrize("name", CALLS)
async def test_a_stream(name: str) -> None:
    _, kind, stream, _, path, _ = CALLS[name]
    async with ProviderServer() as server:
        server.script([headers(content_type=kind), raw(stream)])
        asked = named(name, server, stream=True, stream_options={"include_usage": True})
        chunks, error = await collected(await aiollm.acompletion(**asked))
        assert error is None
        assert text_of(chunks) == "Hello"
        assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"
        assert chunks[-1].usage is not None
        assert (chunks[-1].choices, chunks[-1].usage.total_tokens) == ([], 3)
        assert server.log[0].path.startswith(path)
        assert server.log[0].headers["authorization"] in ("Bearer key-000", "Bearer token-000")


@pytest.mark.parametrize("name", CALLS)
async def test_a_whole_answer(name: str) -> None:
    async with ProviderServer() as server:
        server.script([status(200, body=CALLS[name][3])])
        response = await aiollm.acompletion(**named(name, server))
        assert response.choices[0].message.content == "Hello"
        assert (response.choices[0].finish_reason, response.usage.total_tokens) == ("stop", 3)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", CALLS)
async def test_an_error(name: str, stream: bool) -> None:
    async with ProviderServer() as server:
        server.script([status(404, body=CALLS[name][5])])
        with pytest.raises(aiollm.NotFoundError, match="answered 404: it is gone") as caught:
            await aiollm.acompletion(**named(name, server, stream=stream))
        assert caught.value.llm_provider == CALLS[name][0].partition("/")[0]
        assert caught.value.host is not None


@pytest.mark.parametrize("name", CALLS)
async def test_a_cut_stream(name: str) -> None:
    _, kind, stream, *_ = CALLS[name]
    async with ProviderServer() as server:
        server.script([headers(content_type=kind), raw(stream[: stream.index(b"lo")]), raw(b"")])
        with pytest.raises(aiollm.StreamTruncated):
            await collected_or_raise(named(name, server, stream=True))


async def collected_or_raise(asked: dict[str, Any]) -> None:
    _, error = await collected(await aiollm.acompletion(**asked))
    assert error is not None
    raise error


async def test_reasoning_of_mistral() -> None:
    async with ProviderServer() as server:
        server.script([headers(content_type=EVENTS), raw(CALLS["mistral"][2])])
        chunks, _ = await collected(await aiollm.acompletion(**named("mistral", server, stream=True)))
        assert chunks[0].choices[0].delta.reasoning_content == "hm"


async def test_an_error_in_mid_stream_of_watsonx() -> None:
    failure = {"errors": [{"code": "x", "message": "overloaded"}], "status_code": 503}
    async with ProviderServer() as server:
        server.script([headers(content_type=EVENTS), raw(events(openai("Hel"), openai("lo"), failure))])
        stream = await aiollm.acompletion(**named("watsonx", server, stream=True))
        chunks, error = await collected(stream)
        assert text_of(chunks) == "Hello"
        assert type(error) is aiollm.ServiceUnavailableError


async def test_a_project_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATSONX_PROJECT_ID", "p1")
    async with ProviderServer() as server:
        server.script([status(200, body=CALLS["watsonx"][3])])
        await aiollm.acompletion(**named("watsonx", server))
        await aiollm.acompletion(**named("watsonx", server, project_id="p2"))
        sent = [asked.json for asked in server.log]
        assert [one["project_id"] for one in sent] == ["p1", "p2"]
        assert all("watsonx_token" not in one for one in sent)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", ["ollama", "cohere"])
async def test_the_scripted_provider_speaks_the_same(name: str, stream: bool) -> None:
    calls = [{"name": "weather", "arguments": {"city": "Paris"}}, {"name": "time", "arguments": "{}"}]
    async with ProviderServer() as server:
        counts = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
        said = reply("Let me see.", reasoning="First the weather.", tool_calls=calls, usage=counts)
        server.script([said])
        answer = await aiollm.acompletion(**named(name, server, stream=stream, stream_options={"include_usage": True}))
        if stream:
            chunks, error = await collected(answer)
            assert error is None
            answer = aiollm.stream_chunk_builder(chunks, messages=MESSAGES)
        message = answer.choices[0].message
        assert (message.content, message.reasoning_content) == ("Let me see.", "First the weather.")
        assert [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls] == [
            ("weather", {"city": "Paris"}),
            ("time", {}),
        ]
        assert (answer.choices[0].finish_reason, answer.usage.total_tokens) == ("tool_calls", 12)

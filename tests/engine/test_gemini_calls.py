"""Calls to Gemini, and to the models of Vertex AI, over real sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest

import aiollm
from aiollm import exceptions as e
from aiollm.testing import ProviderServer, fin, headers, raw, status
from tests.engine.calling import MESSAGES, collected, text_of

KEY = "AIza-key-of-the-test"
TOKEN = "ya29.token-of-the-test"
USAGE = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def event(*parts: dict[str, Any], **candidate: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}, **candidate}], "usageMetadata": USAGE, "responseId": "r"}


ANSWER = [event({"text": "Hel"}), event({"text": "lo"}), event({"text": "!"}, finishReason="STOP")]
CALL = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"}


def events(*sent: Any) -> Any:
    return raw(b"".join(b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in sent))


async def ask(server: ProviderServer, model: str = "gemini/gemini-2.5-flash", **options: Any) -> Any:
    base = server.base_url.removesuffix("/v1")
    given = {"model": model, "messages": MESSAGES, "api_base": f"{base}/v1beta", "api_key": KEY, **options}
    return await aiollm.acompletion(**given)


async def test_a_stream_of_events() -> None:
    async with ProviderServer() as server:
        server.script([events(*ANSWER)])
        stream = await ask(server, stream=True, stream_options={"include_usage": True}, max_tokens=9)
        chunks, error = await collected(stream)
        sent = server.log[0]
    assert (text_of(chunks), error, stream.finish_reason) == ("Hello!", None, "stop")
    assert chunks[-1].usage.total_tokens == stream.usage.total_tokens == 5
    assert sent.target == "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert sent.headers["x-goog-api-key"] == KEY
    assert KEY not in sent.target
    assert "authorization" not in sent.headers
    assert sent.json["generationConfig"] == {"maxOutputTokens": 9}


async def test_a_stream_that_comes_as_an_array() -> None:
    async with ProviderServer() as server:
        server.script([headers({"Content-Type": "application/json"}), raw(json.dumps(ANSWER).encode())])
        chunks, error = await collected(await ask(server, stream=True))
    assert (text_of(chunks), error) == ("Hello!", None)
    assert len(chunks) == 4


async def test_a_whole_answer() -> None:
    async with ProviderServer() as server:
        server.script([raw(json.dumps(event({"text": "Hello!"}, finishReason="STOP")).encode())])
        response = await ask(server)
        assert server.log[0].path == "/v1beta/models/gemini-2.5-flash:generateContent"
    assert response.choices[0].message.content == "Hello!"
    assert (response.id, response.usage.total_tokens) == ("r", 5)


async def test_a_call_and_its_result_go_back_and_forth() -> None:
    async with ProviderServer() as server:
        server.script([raw(json.dumps(event(CALL, finishReason="STOP")).encode())])
        message = (await ask(server, tools=[TOOL], tool_choice="required")).choices[0].message
        result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "done"}
        await ask(server, tools=[TOOL], messages=[*MESSAGES, message, result])
        first, second = server.log[0].json, server.log[1].json
    assert first["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}
    assert second["contents"][1:] == [
        {"role": "model", "parts": [CALL]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"content": "done"}}}]},
    ]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_error_before_the_answer(stream: bool) -> None:
    error = {"error": {"code": 429, "message": f"slow, {KEY}", "status": "RESOURCE_EXHAUSTED"}}
    async with ProviderServer() as server:
        server.script([status(429, body=[error])])
        with pytest.raises(e.RateLimitError, match=r"slow, \*\*\*") as caught:
            await ask(server, stream=stream)
    assert (caught.value.type, caught.value.llm_provider) == ("RESOURCE_EXHAUSTED", "gemini")


@pytest.mark.parametrize("body", [b'[{"error": {"code": 503, "message": "busy"}}]', b'{"error": {"code": 503}}'])
async def test_an_error_in_place_of_a_stream(body: bytes) -> None:
    async with ProviderServer() as server:
        server.script([headers({"Content-Type": "application/json"}), raw(body)])
        with pytest.raises(e.ServiceUnavailableError):
            await ask(server, stream=True)


async def test_an_error_in_mid_stream_has_the_answer_so_far() -> None:
    async with ProviderServer() as server:
        server.script([events(ANSWER[0], {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}})])
        chunks, error = await collected(await ask(server, stream=True))
    assert text_of(chunks) == "Hel"
    assert isinstance(error, e.ServiceUnavailableError)
    assert error.partial is not None
    assert error.partial.choices[0].message.content == "Hel"


async def test_a_stream_without_a_finish_reason_was_cut() -> None:
    async with ProviderServer() as server:
        server.script([events(ANSWER[0]), fin()])
        _, error = await collected(await ask(server, stream=True))
    assert isinstance(error, e.StreamInterrupted)


async def test_a_parameter_that_is_not_taken_is_refused_before_anything_is_sent() -> None:
    async with ProviderServer() as server:
        with pytest.raises(e.UnsupportedParamsError, match="gemini does not take logit_bias"):
            await ask(server, logit_bias={1: 1})
        assert not server.log


VERTEX = {"vertex_project": "p", "vertex_location": "global", "api_key": TOKEN}
CLAUDE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "content": [{"type": "text", "text": "Hello!"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
OPENAI = {"id": "c", "choices": [{"message": {"content": "Hello!"}, "finish_reason": "stop"}]}
HOME = "/v1/projects/p/locations/global"


@pytest.mark.parametrize(
    ("model", "path", "reply", "said"),
    [
        (
            "claude-sonnet-4-5@20250929",
            f"{HOME}/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict",
            CLAUDE,
            {"anthropic_version": "vertex-2023-10-16"},
        ),
        (
            "mistral-large@2411",
            f"{HOME}/publishers/mistralai/models/mistral-large@2411:rawPredict",
            OPENAI,
            {"model": "mistral-large"},
        ),
        (
            "meta/llama-4-maas",
            f"{HOME}/endpoints/openapi/chat/completions",
            OPENAI,
            {"model": "meta/llama-4-maas"},
        ),
        ("openai/1234", f"{HOME}/endpoints/1234/chat/completions", OPENAI, {"model": "1234"}),
        ("1234", f"{HOME}/endpoints/1234:generateContent", event({"text": "Hello!"}, finishReason="STOP"), {}),
    ],
)
async def test_vertex_ai_serves_models_of_many_makers(model: str, path: str, reply: Any, said: dict[str, Any]) -> None:
    async with ProviderServer() as server:
        server.script([raw(json.dumps(reply).encode())])
        response = await ask(server, f"vertex_ai/{model}", **VERTEX, api_base=server.base_url)
        sent = server.log[0]
    assert response.choices[0].message.content == "Hello!"
    assert sent.path == path
    assert sent.headers["authorization"] == f"Bearer {TOKEN}"
    assert {name: sent.json.get(name) for name in said} == said
    assert not sent.json.keys() & {"vertex_project", "vertex_location"}
    assert ("model" in sent.json) == ("model" in said)


async def test_claude_streams_from_vertex_ai() -> None:
    told = [
        ("message_start", {"message": {**CLAUDE, "content": [], "stop_reason": None}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "Hello!"}}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
        ("message_stop", {}),
    ]
    body = b"".join(f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode() for name, data in told)
    async with ProviderServer() as server:
        server.script([raw(body)])
        chunks, error = await collected(
            await ask(server, "vertex_ai/claude-opus-4-1@20250805", **VERTEX, api_base=server.base_url, stream=True)
        )
        sent = server.log[0]
    assert (text_of(chunks), error) == ("Hello!", None)
    assert sent.path.endswith("/publishers/anthropic/models/claude-opus-4-1@20250805:streamRawPredict")
    assert (sent.json["stream"], sent.json["anthropic_version"]) == (True, "vertex-2023-10-16")

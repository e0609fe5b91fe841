"""Each wire format that the scripted provider speaks, read by the vendor's own SDK from one script."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from attrs import define, field

from aiollm.testing import ProviderServer, Steps, done, error_event, finish, reasoning, role, status, tokens, tool_call
from aiollm.testing.openai_reply import reply

QUESTION = "How is the weather?"
ARGUMENTS = {"city": "Paris", "unit": "C"}


@define
class Reading:
    """What an SDK made of an answer."""

    text: str = ""
    thought: str = ""
    calls: list[tuple[str, Any]] = field(factory=list)
    finish: str | None = None
    usage: tuple[int, int] | None = None


Reader = Callable[[ProviderServer, bool], Awaitable[Reading]]


async def anthropic(server: ProviderServer, stream: bool) -> Reading:
    sdk = pytest.importorskip("anthropic")
    asked: Any = {"model": "any", "max_tokens": 99, "messages": [{"role": "user", "content": QUESTION}]}
    async with sdk.AsyncAnthropic(api_key="none", base_url=server.url, max_retries=0) as client:
        if stream:
            async with client.messages.stream(**asked) as events:
                message = await events.get_final_message()
        else:
            message = await client.messages.create(**asked)
    found = Reading(finish=message.stop_reason, usage=(message.usage.input_tokens, message.usage.output_tokens))
    for block in message.content:
        if block.type == "text":
            found.text += block.text
        elif block.type == "thinking":
            assert block.signature
            found.thought += block.thinking
        else:
            found.calls.append((block.name, block.input))
    return found


async def gemini(server: ProviderServer, stream: bool) -> Reading:
    sdk = pytest.importorskip("google.genai")
    found = Reading()
    client = sdk.Client(api_key="none", http_options={"base_url": server.url})
    try:
        asked: Any = {"model": "any", "contents": QUESTION}
        if stream:
            replies = [part async for part in await client.aio.models.generate_content_stream(**asked)]
        else:
            replies = [await client.aio.models.generate_content(**asked)]
    finally:
        await client.aio.aclose()
        client.close()
    for one in replies:
        candidate = one.candidates[0]
        for part in candidate.content.parts:
            if part.function_call:
                found.calls.append((part.function_call.name, part.function_call.args))
            elif part.thought:
                found.thought += part.text
            else:
                found.text += part.text
        found.finish = candidate.finish_reason and candidate.finish_reason.value
        if counts := one.usage_metadata:
            found.usage = (counts.prompt_token_count, counts.candidates_token_count)
    return found


async def ollama(server: ProviderServer, stream: bool) -> Reading:
    sdk = pytest.importorskip("ollama")
    found = Reading()
    client = sdk.AsyncClient(host=server.url)
    try:
        got = await client.chat(model="any", messages=[{"role": "user", "content": QUESTION}], stream=stream)
        for one in [part async for part in got] if stream else [got]:
            found.text += one.message.content or ""
            found.thought += one.message.thinking or ""
            found.calls += [(call.function.name, call.function.arguments) for call in one.message.tool_calls or ()]
            if one.done:
                found.finish, found.usage = one.done_reason, (one.prompt_eval_count, one.eval_count)
    finally:
        await client._client.aclose()
    return found


async def cohere(server: ProviderServer, stream: bool) -> Reading:
    sdk = pytest.importorskip("cohere")
    asked: Any = {"model": "any", "messages": [{"role": "user", "content": QUESTION}]}
    async with sdk.AsyncClientV2(api_key="none", base_url=server.url) as client:
        if stream:
            return cohere_events([event async for event in client.chat_stream(**asked)])
        answer = await client.chat(**asked)
    found = Reading(finish=answer.finish_reason)
    found.usage = (int(answer.usage.tokens.input_tokens), int(answer.usage.tokens.output_tokens))
    for part in answer.message.content or ():
        if part.type == "thinking":
            found.thought += part.thinking
        else:
            found.text += part.text
    for call in answer.message.tool_calls or ():
        found.calls.append((call.function.name, json.loads(call.function.arguments)))
    return found


def cohere_events(events: list[Any]) -> Reading:
    found = Reading()
    for event in events:
        if event.type == "content-delta":
            found.text += event.delta.message.content.text or ""
            found.thought += event.delta.message.content.thinking or ""
        elif event.type == "tool-call-start":
            found.calls.append((event.delta.message.tool_calls.function.name, ""))
        elif event.type == "tool-call-delta":
            name, arguments = found.calls.pop()
            found.calls.append((name, arguments + event.delta.message.tool_calls.function.arguments))
        elif event.type == "message-end":
            tokens_used = event.delta.usage.tokens
            found.finish = event.delta.finish_reason
            found.usage = (int(tokens_used.input_tokens), int(tokens_used.output_tokens))
    found.calls = [(name, json.loads(arguments)) for name, arguments in found.calls]
    return found


async def responses(server: ProviderServer, stream: bool) -> Reading:
    sdk = pytest.importorskip("openai")
    async with sdk.AsyncOpenAI(api_key="none", base_url=server.base_url, max_retries=0) as client:
        if stream:
            deltas = ""
            async with client.responses.stream(model="any", input=QUESTION) as events:
                async for event in events:
                    if event.type == "response.output_text.delta":
                        deltas += event.delta
                answer = await events.get_final_response()
            assert deltas == answer.output_text
        else:
            answer = await client.responses.create(model="any", input=QUESTION)
    found = Reading(text=answer.output_text, finish=answer.status)
    found.usage = (answer.usage.input_tokens, answer.usage.output_tokens)
    for item in answer.output:
        if item.type == "reasoning":
            found.thought += item.summary[0].text
        elif item.type == "function_call":
            found.calls.append((item.name, json.loads(item.arguments)))
    return found


async def converse(server: ProviderServer, stream: bool) -> Reading:
    eventstream = pytest.importorskip("botocore.eventstream")
    found = Reading()
    body = {"messages": [{"role": "user", "content": [{"text": QUESTION}]}]}
    path = "converse-stream" if stream else "converse"
    async with aiohttp.ClientSession() as session, session.post(f"{server.url}/model/any/{path}", json=body) as answer:
        data = await answer.read()
    if not stream:
        whole = json.loads(data)
        found.finish = whole["stopReason"]
        found.usage = (whole["usage"]["inputTokens"], whole["usage"]["outputTokens"])
        for block in whole["output"]["message"]["content"]:
            found.text += block.get("text", "")
            found.thought += block.get("reasoningContent", {}).get("reasoningText", {}).get("text", "")
            if use := block.get("toolUse"):
                found.calls.append((use["name"], use["input"]))
        return found
    buffer = eventstream.EventStreamBuffer()
    buffer.add_data(data)
    for message in buffer:
        kind, event = message.headers[":event-type"], json.loads(message.payload)
        if kind == "contentBlockStart":
            found.calls.append((event["start"]["toolUse"]["name"], ""))
        elif kind == "contentBlockDelta":
            delta = event["delta"]
            found.text += delta.get("text", "")
            found.thought += delta.get("reasoningContent", {}).get("text", "")
            if use := delta.get("toolUse"):
                found.calls.append((found.calls[-1][0], found.calls.pop()[1] + use["input"]))
        elif kind == "messageStop":
            found.finish = event["stopReason"]
        elif kind == "metadata":
            found.usage = (event["usage"]["inputTokens"], event["usage"]["outputTokens"])
    found.calls = [(name, json.loads(arguments)) for name, arguments in found.calls]
    return found


READERS: dict[str, tuple[Reader, str, str]] = {
    "anthropic": (anthropic, "end_turn", "tool_use"),
    "gemini": (gemini, "STOP", "STOP"),
    "ollama": (ollama, "stop", "stop"),
    "cohere": (cohere, "COMPLETE", "TOOL_CALL"),
    "responses": (responses, "completed", "completed"),
    "converse": (converse, "end_turn", "tool_use"),
}
"""For each format: its reader, what it calls the end of a text, and what a stop for a tool."""

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        yield running


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", READERS)
async def test_a_text_with_its_reasoning(name: str, stream: bool, server: ProviderServer) -> None:
    read, stopped, _ = READERS[name]
    server.script(reply("It rains a little.", reasoning="Look outside."))
    expected = Reading("It rains a little.", "Look outside.", [], stopped, (4, 6))
    assert await read(server, stream) == expected


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", READERS)
async def test_two_tool_calls(name: str, stream: bool, server: ProviderServer) -> None:
    read, _, stopped = READERS[name]
    calls = [{"name": "weather", "arguments": ARGUMENTS}, {"name": "time", "arguments": {}}]
    server.script(reply(None, tool_calls=calls, usage={"prompt_tokens": 7, "completion_tokens": 9}))
    assert await read(server, stream) == Reading("", "", [("weather", ARGUMENTS), ("time", {})], stopped, (7, 9))


@pytest.mark.parametrize("name", READERS)
async def test_the_same_steps_in_every_format(name: str, server: ProviderServer) -> None:
    read, _, stopped = READERS[name]
    call = tool_call("weather", json.dumps(ARGUMENTS), pieces=4)
    server.script([role(), reasoning("Hm, look."), tokens("I look."), call, finish("tool_calls"), done()])
    found = await read(server, True)
    assert (found.text, found.thought, found.calls) == ("I look.", "Hm, look.", [("weather", ARGUMENTS)])
    assert found.finish == stopped


PATHS = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "anthropic on vertex": "/v1/projects/p/locations/l/publishers/anthropic/models/any:streamRawPredict",
    "anthropic on bedrock": "/model/any/invoke-with-response-stream",
    "gemini": "/v1beta/models/any:streamGenerateContent",
    "ollama": "/api/chat",
    "cohere": "/v2/chat",
    "responses": "/v1/responses",
    "converse": "/model/any/converse-stream",
}


async def posted(server: ProviderServer, path: str, script: Steps) -> tuple[int, str, bytes]:
    server.script(script)
    body = {"model": "any", "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    async with aiohttp.ClientSession() as session, session.post(server.url + path, json=body) as answer:
        return answer.status, answer.content_type, await answer.read()


@pytest.mark.parametrize("name", PATHS)
async def test_an_error_in_mid_stream_has_the_formats_own_form(name: str, server: ProviderServer) -> None:
    answered = await posted(server, PATHS[name], [role(), tokens("so far"), error_event("no more power")])
    assert b"so far"[3:] in answered[2].replace(b"c28gZmFy", b"far") or name.endswith("bedrock")
    assert b"no more power" in answered[2] or name.endswith("bedrock")


@pytest.mark.parametrize("name", PATHS)
async def test_a_failure_has_the_formats_own_form(name: str, server: ProviderServer) -> None:
    code, kind, body = await posted(server, PATHS[name], status(429))
    assert (code, kind) == (429, "application/json")
    assert "Too Many Requests" in json.dumps(json.loads(body))


@pytest.mark.parametrize("name", PATHS)
async def test_an_unscripted_provider_answers_in_every_format(name: str) -> None:
    async with ProviderServer() as server:
        body = {"model": "any", "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
        async with aiohttp.ClientSession() as session, session.post(server.url + PATHS[name], json=body) as answer:
            assert answer.status == 200
            assert await answer.read()

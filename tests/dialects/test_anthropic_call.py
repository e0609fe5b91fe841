"""Claude over a real socket, from `acompletion` to the last chunk."""

from __future__ import annotations

from typing import Any

import pytest

import aiollm
from aiollm import exceptions as e
from aiollm.providers import authenticate, resolve
from aiollm.testing import ProviderServer, cut, event, headers, raw, stall, status
from aiollm.types.secret import Secret
from tests.dialects.test_anthropic import message
from tests.dialects.test_anthropic_stream import OVERLOADED, begin, call, closed, end, text, thinking
from tests.engine.calling import collected, text_of

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
REQUEST_ID = {"request-id": "req_7"}


def asked(server: ProviderServer, model: str = "anthropic/claude-haiku-4-5", **options: Any) -> dict[str, Any]:
    return {"model": model, "messages": MESSAGES, "api_base": server.url, "api_key": "sk-ant-0", **options}


async def streamed(server: ProviderServer, **options: Any) -> tuple[aiollm.ChunkStream, list[Any], Exception | None]:
    stream = await aiollm.acompletion(**asked(server, stream=True, **options))
    chunks, error = await collected(stream)
    return stream, chunks, error


async def test_a_stream_is_asked_for_and_read() -> None:
    async with ProviderServer() as server:
        server.script(
            [headers(REQUEST_ID), raw(begin()), raw(thinking(0, "Hm.")), raw(text(1, "Hel", "lo") + closed(1) + end())]
        )
        options = {"include_usage": True}
        stream, chunks, error = await streamed(server, stream_options=options, max_tokens=9, reasoning_effort="low")
        (seen,) = server.log
    assert error is None
    assert text_of(chunks) == "Hello"
    assert chunks[-1].usage.total_tokens == 12
    assert (stream.finish_reason, stream.request_id) == ("stop", "req_7")
    assert stream._hidden_params["provider_response_model"] == "claude-x-1"
    assert seen.path == "/v1/messages"
    assert (seen.headers["x-api-key"], seen.headers["anthropic-version"]) == ("sk-ant-0", "2023-06-01")
    assert "authorization" not in seen.headers
    assert seen.json == {
        "model": "claude-haiku-4-5",
        "max_tokens": 9,
        "stream": True,
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    }


async def test_a_whole_answer_is_read() -> None:
    async with ProviderServer() as server:
        server.script([status(200, body=message({"type": "text", "text": "Hi"}))])
        response = await aiollm.acompletion(**asked(server, "claude-haiku-4-5"))
    assert response.choices[0].message.content == "Hi"
    assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (3, 4)


async def test_a_whole_answer_to_a_stream_becomes_chunks() -> None:
    async with ProviderServer() as server:
        server.script([status(200, body=message({"type": "text", "text": "Hi"}))])
        _, chunks, error = await streamed(server)
    assert (error, text_of(chunks)) == (None, "Hi")
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_a_conversation_with_thinking_and_a_tool_is_continued() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    async with ProviderServer() as server:
        server.script([raw(begin() + thinking(0, "I ", "ask.") + call(1, '{"a": ', "1}") + end("tool_use"))])
        _, chunks, _ = await streamed(server, tools=[tool])
        built = aiollm.stream_chunk_builder(chunks)
        assert built is not None
        answer = built.choices[0].message
        result = {"role": "tool", "tool_call_id": answer.tool_calls[0].id, "content": "2"}
        server.script([raw(begin() + text(0, "So 2.") + closed(0) + end())])
        _, chunks, error = await streamed(server, tools=[tool], messages=[*MESSAGES, answer, result])
        sent = server.log[1].json["messages"]
    assert (error, text_of(chunks)) == (None, "So 2.")
    assert sent[1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "I ask.", "signature": "c2ln"},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "2"}]},
    ]


async def test_an_error_in_place_of_an_answer_raises_from_the_call() -> None:
    async with ProviderServer() as server:
        server.script([status(529, body=OVERLOADED)])
        with pytest.raises(e.OverloadedError) as caught:
            await aiollm.acompletion(**asked(server, stream=True))
        server.script([event(OVERLOADED, event="error")])
        with pytest.raises(e.OverloadedError) as in_stream:
            await aiollm.acompletion(**asked(server, stream=True))
    assert (caught.value.status_code, caught.value.request_id, caught.value.retryable) == (529, "req_1", True)
    assert (in_stream.value.status_code, in_stream.value.partial) == (529, None)


async def test_an_error_in_the_middle_has_what_came_before() -> None:
    async with ProviderServer() as server:
        server.script([raw(begin() + text(0, "So ", "far")), event(OVERLOADED, event="error")])
        _, chunks, error = await streamed(server)
    assert text_of(chunks) == "So far"
    assert isinstance(error, e.OverloadedError)
    assert error.partial.choices[0].message.content == "So far"
    assert (error.phase, error.request_id, error.usage.prompt_tokens) == ("stream", "req_1", 3)


async def test_a_cut_answer_raises_and_one_that_is_whole_does_not() -> None:
    async with ProviderServer() as server:
        server.script([raw(begin() + text(0, "So ", "far")), cut()])
        _, _, error = await streamed(server)
        whole = (begin() + text(0, "A") + closed(0) + end()).partition(b"event: message_stop")[0]
        server.script([raw(whole), cut()])
        stream, _, no_error = await streamed(server)
    assert isinstance(error, e.StreamInterrupted)
    assert (no_error, stream.finish_reason) == (None, "stop")


async def test_pings_do_not_keep_a_silent_stream_alive() -> None:
    async with ProviderServer() as server:
        ping = event({"type": "ping"}, event="ping")
        server.script([raw(begin() + text(0, "A")), *(step for _ in range(40) for step in (ping, stall(0.05)))])
        _, chunks, error = await streamed(server, timeout=aiollm.Timeouts(idle=0.3))
    assert text_of(chunks) == "A"
    assert isinstance(error, e.IdleTimeout)


async def test_claude_on_azure_has_another_path_and_both_headers() -> None:
    async with ProviderServer() as server:
        server.script([status(200, body=message({"type": "text", "text": "Hi"}))])
        await aiollm.acompletion(**asked(server, "azure_ai/claude-opus-4-5"))
        (seen,) = server.log
    assert seen.path == "/anthropic/v1/messages"
    assert seen.headers["x-api-key"] == seen.headers["api-key"] == "sk-ant-0"
    assert seen.headers["anthropic-version"] == "2023-06-01"


async def test_what_claude_does_not_take_is_told_before_anything_is_sent() -> None:
    async with ProviderServer() as server:
        with pytest.raises(e.UnsupportedParamsError, match="anthropic does not take seed"):
            await aiollm.acompletion(**asked(server, seed=1))
        assert not server.log
    assert "seed" not in aiollm.get_supported_openai_params("claude-haiku-4-5")
    assert "tools" in aiollm.get_supported_openai_params("azure_ai/claude-haiku-4-5")


@pytest.mark.parametrize("path", ["", "/", "/anthropic", "/anthropic/v1", "/anthropic/v1/messages"])
def test_the_address_of_claude_on_azure_may_be_given_whole_or_in_part(path: str) -> None:
    base = f"https://r.services.ai.azure.com{path}"
    target = resolve("azure_ai/claude-opus-4-5", base_url=base, api_key=Secret("k"), environ={})
    for stream in (False, True):
        assert target.endpoint.url_for(stream=stream) == "https://r.services.ai.azure.com/anthropic/v1/messages"


@pytest.mark.parametrize("path", ["", "/v1", "/v1/messages"])
def test_the_address_of_a_server_may_be_given_whole_or_in_part(path: str) -> None:
    target = resolve("anthropic/m", base_url=f"http://h:8080{path}", api_key=Secret("k"), environ={})
    assert target.endpoint.url == "http://h:8080/v1/messages"


def test_a_token_of_a_login_is_a_bearer() -> None:
    target = resolve("claude-opus-5", api_key=Secret("sk-ant-oat01-x"), environ={})
    assert authenticate({}, target) == {"Authorization": "Bearer sk-ant-oat01-x", "anthropic-beta": "oauth-2025-04-20"}

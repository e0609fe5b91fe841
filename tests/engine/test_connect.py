from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import aiollm
from aiollm.testing import ProviderServer, gzip, json200, raw, reply, rst, status, wire
from tests.engine.calling import KEY, answered, collected, opened, pool_facts, text_of


async def test_a_whole_answer_is_a_response() -> None:
    async with ProviderServer() as server:
        server.reply("hello there", usage={"prompt_tokens": 3, "completion_tokens": 2})
        response = await answered(server)
        assert response.choices[0].message.content == "hello there"
        assert response.choices[0].finish_reason == "stop"
        assert response.usage is not None
        assert response.usage.total_tokens == 5
        assert "stream" not in server.log[0].json


async def test_the_request_says_what_was_asked() -> None:
    async with ProviderServer() as server:
        await collected(await opened(server, temperature=0.5, seed=7, made_up={"a": [1]}, extra_body={"b": 2}))
        request = server.log[0]
        assert (request.method, request.path) == ("POST", "/v1/chat/completions")
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["accept-encoding"] == "identity"
        assert request.headers["accept"] == "text/event-stream"
        body = {name: value for name, value in request.json.items() if name != "stream_options"}
        assert body == {
            "model": "scripted",
            "messages": [{"role": "user", "content": "Say something."}],
            "stream": True,
            "temperature": 0.5,
            "seed": 7,
            "made_up": {"a": [1]},
            "b": 2,
        }


async def test_a_whole_answer_may_be_compressed() -> None:
    async with ProviderServer() as server:
        body = b'{"choices": [{"message": {"content": "small"}, "finish_reason": "stop"}]}'
        server.script([gzip(raw(body))])
        assert (await answered(server)).choices[0].message.content == "small"
        assert server.log[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "ACCEPT", "accept-encoding", "authorization"])
async def test_a_header_of_the_callers_takes_the_place_of_ours(name: str) -> None:
    async with ProviderServer() as server:
        await answered(server, extra_headers={name: "mine"})
        values = [value for known, value in server.log[0].headers.raw if known.lower() == name.lower()]
        assert values == ["mine"]


async def test_a_whole_answer_to_a_stream_is_logged_and_gives_the_connection_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with ProviderServer() as server:
        server.script(json200())
        with caplog.at_level(logging.INFO, logger="aiollm"):
            chunks, error = await collected(await opened(server, stream_options={"include_usage": True}))
        assert (text_of(chunks), error) == ("Hello from the scripted provider.", None)
        assert chunks[-1].usage is not None
        assert "answered a streaming request of scripted as a whole" in caplog.text
        await collected(await opened(server))
        assert server.connections == 1


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        (status(200, body="oops"), aiollm.APIResponseValidationError),
        (status(200, body={"error": {"message": "no", "code": 429}}), aiollm.RateLimitError),
        (status(429), aiollm.RateLimitError),
        ([wire(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), rst()], aiollm.StreamInterrupted),
        (status(204), aiollm.APIResponseValidationError),
    ],
)
async def test_a_whole_answer_that_is_none_is_an_error_with_its_facts(steps: Any, error: type[Exception]) -> None:
    async with ProviderServer() as server:
        server.script(steps)
        with pytest.raises(error) as caught:
            await answered(server)
        facts = caught.value
        assert type(facts) is error
        assert (facts.llm_provider, facts.model, facts.attempt) == ("openai", "scripted", 1)
        assert facts.host == f"127.0.0.1:{server.port}"
        assert facts.elapsed > 0
        assert pool_facts()["active"] == 0


@pytest.mark.parametrize("value", [object(), "\ud800"], ids=["object", "surrogate"])
async def test_what_cannot_be_written_as_json_is_a_bad_request(value: Any) -> None:
    async with ProviderServer() as server:
        with pytest.raises(aiollm.BadRequestError, match="cannot be written as JSON"):
            await opened(server, extra_body={"x": value})
        assert server.log == []
        assert pool_facts()["active"] == 0


async def test_many_calls_at_once_get_their_own_answers() -> None:
    async with ProviderServer() as server:
        server.script(lambda request: reply(f"answer {request.json['seed']}", gap=0.005))

        async def ask(seed: int) -> str:
            if seed % 2:
                return (await answered(server, seed=seed)).choices[0].message.content or ""
            return text_of((await collected(await opened(server, seed=seed)))[0])

        answers = await asyncio.gather(*(ask(seed) for seed in range(100)))
        assert answers == [f"answer {seed}" for seed in range(100)]

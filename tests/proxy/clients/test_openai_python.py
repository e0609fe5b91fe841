"""openai-python, as its own pages use it, with nothing changed but the address and the key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import BaseModel

from aiollm.testing import status
from tests.proxy.clients.wishes import CALLS, HALF, SCHEMA, SUNNY, TEXT
from tests.proxy.serving import MASTER, Proxy

openai = pytest.importorskip("openai")

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]


class Place(BaseModel):
    city: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(proxy: Proxy) -> AsyncIterator[Any]:
    async with openai.AsyncOpenAI(base_url=f"{proxy.url}/v1", api_key=MASTER, max_retries=0) as client:
        yield client


def asking(wish: str, **members: Any) -> dict[str, Any]:
    return {"model": "fast", "messages": [{"role": "user", "content": wish}], **members}


async def test_a_whole_answer_and_its_account(client: Any) -> None:
    raw = await client.chat.completions.with_raw_response.create(**asking("say hello"))
    answer = raw.parse()
    assert (answer.model, answer.choices[0].message.content, answer.choices[0].finish_reason) == ("fast", TEXT, "stop")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (2, 3)
    assert answer._request_id == raw.headers["x-request-id"]


@pytest.mark.parametrize("model", ["fast", "claude"])
async def test_a_stream_and_its_usage(client: Any, model: str) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = [
        chunk async for chunk in await client.chat.completions.create(**asking("say hello", **options, model=model))
    ]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == TEXT
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert (chunks[-1].choices, chunks[-1].usage.completion_tokens) == ([], 3)
    assert {chunk.model for chunk in chunks} == {model}


@pytest.mark.parametrize("model", ["fast", "claude"])
async def test_a_tool_is_called_and_its_result_brought_back(client: Any, proxy: Proxy, model: str) -> None:
    asked = asking("the weather", model=model)
    async with client.chat.completions.stream(**asked, tools=TOOLS) as stream:
        async for _ in stream:
            pass
        message = (await stream.get_final_completion()).choices[0].message
    (call,) = message.tool_calls
    assert (call.function.name, call.function.arguments) == (CALLS[0]["name"], '{"city": "Paris"}')
    turns = [*asked["messages"], message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    answer = await client.chat.completions.create(model=model, messages=turns, tools=TOOLS)
    assert answer.choices[0].message.content == SUNNY
    assert "sunny" in proxy.provider.log[-1].body.decode()


async def test_an_answer_in_a_form_of_its_own(client: Any) -> None:
    answer = await client.chat.completions.parse(**asking("city"), response_format=Place)
    assert answer.choices[0].message.parsed == Place(city="Paris")


async def test_a_refusal_is_the_clients_own_error(client: Any) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        await client.chat.completions.create(**asking("refuse"), stream=True)
    assert (caught.value.code, caught.value.type) == ("too_many_tokens", "tokens")
    assert caught.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.NotFoundError) as caught:
        await client.chat.completions.create(**asking("say hello", model="nobody"))
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="sk-wrong").chat.completions.create(**asking("say hello"))


async def test_what_may_succeed_later_is_tried_again_by_the_client(client: Any, proxy: Proxy) -> None:
    asked = len(proxy.provider.log)
    proxy.provider.enqueue(status(503, fields={"retry-after-ms": "1"}), path="/v1/chat/completions")
    answer = await client.with_options(max_retries=1).chat.completions.create(**asking("say hello"))
    assert answer.choices[0].message.content == TEXT
    assert len(proxy.provider.log) == asked + 2


async def test_a_broken_answer_raises_after_what_came(client: Any) -> None:
    chunks: list[Any] = []
    with pytest.raises(openai.APIError) as caught:
        await keep(await client.chat.completions.create(**asking("break off"), stream=True), chunks)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == HALF
    assert (caught.value.code, caught.value.body["retryable"]) == ("upstream_interrupted", True)


async def keep(stream: Any, chunks: list[Any]) -> None:
    async for chunk in stream:
        chunks.append(chunk)  # noqa: PERF401 - those before an error are kept


async def test_leaving_a_stream_closes_the_connection_to_the_provider(client: Any, proxy: Proxy) -> None:
    asked = len(proxy.provider.log)
    async with await client.chat.completions.create(**asking("go on"), stream=True) as stream:
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
    await proxy.provider.wait_for_disconnect(asked)


async def test_leaving_a_whole_answer_closes_the_connection_to_the_provider(client: Any, proxy: Proxy) -> None:
    asked = len(proxy.provider.log)
    asking_on = asyncio.ensure_future(client.chat.completions.create(**asking("go on")))
    await proxy.provider.wait_for_request(asked)
    asking_on.cancel()
    await proxy.provider.wait_for_disconnect(asked)
    with pytest.raises(asyncio.CancelledError):
        await asking_on


async def test_the_blocking_client_reads_a_stream_too(proxy: Proxy) -> None:
    def read() -> str:
        with openai.OpenAI(base_url=f"{proxy.url}/v1", api_key=MASTER) as client:
            stream = client.chat.completions.create(**asking("say hello"), stream=True)
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    assert await asyncio.to_thread(read) == TEXT


async def test_responses_whole_and_as_events(client: Any) -> None:
    answer = await client.responses.create(model="fast", input="say hello")
    assert (answer.output_text, answer.status) == (TEXT, "completed")
    async with client.responses.stream(
        model="fast", input="the weather", tools=[{**TOOLS[0]["function"], "type": "function"}]
    ) as stream:
        async for _ in stream:
            pass
        final = await stream.get_final_response()
    (call,) = final.output
    assert (call.type, call.name, call.arguments) == ("function_call", "get_weather", '{"city": "Paris"}')


async def test_the_other_apis(client: Any) -> None:
    assert [model.id async for model in await client.models.list()] == ["fast", "claude"]
    answer = await client.completions.create(model="fast", prompt="say hello")
    assert answer.choices[0].text == TEXT
    vectors = await client.embeddings.create(model="fast", input=["a", "b"])
    assert [vector.index for vector in vectors.data] == [0, 1]

"""anthropic-python, as its own pages use it, on `/v1/messages`; the model behind it is OpenAI's or Anthropic's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.proxy.clients.wishes import HALF, SCHEMA, SUNNY, TEXT
from tests.proxy.serving import MASTER, Proxy

anthropic = pytest.importorskip("anthropic")

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

TOOLS = [{"name": "get_weather", "input_schema": SCHEMA}]
both = pytest.mark.parametrize("model", ["fast", "claude"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(proxy: Proxy) -> AsyncIterator[Any]:
    async with anthropic.AsyncAnthropic(base_url=proxy.url, api_key=MASTER, max_retries=0) as client:
        yield client


def asking(wish: str, model: str = "fast", **members: Any) -> dict[str, Any]:
    return {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": wish}], **members}


@both
async def test_a_whole_answer_and_its_account(client: Any, model: str) -> None:
    answer = await client.messages.create(**asking("say hello", model, system="Be brief."))
    assert (answer.model, answer.content[0].text, answer.stop_reason) == (model, TEXT, "end_turn")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (4, 3)


@both
async def test_a_stream_and_its_usage(client: Any, model: str) -> None:
    async with client.messages.stream(**asking("say hello", model)) as stream:
        assert "".join([text async for text in stream.text_stream]) == TEXT
        answer = await stream.get_final_message()
    assert (answer.content[0].text, answer.stop_reason) == (TEXT, "end_turn")
    assert answer.usage.output_tokens == 3


@both
async def test_a_tool_is_called_and_its_result_brought_back(client: Any, proxy: Proxy, model: str) -> None:
    asked = asking("the weather", model, tools=TOOLS)
    async with client.messages.stream(**asked) as stream:
        answer = await stream.get_final_message()
    (call,) = answer.content
    assert (call.name, call.input, answer.stop_reason) == ("get_weather", {"city": "Paris"}, "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    turns = [{"role": "assistant", "content": answer.content}, {"role": "user", "content": [result]}]
    told = await client.messages.create(**{**asked, "messages": asked["messages"] + turns})
    assert told.content[0].text == SUNNY
    assert "sunny" in proxy.provider.log[-1].body.decode()


async def test_a_refusal_is_the_clients_own_error(client: Any) -> None:
    with pytest.raises(anthropic.RateLimitError) as caught:
        await client.messages.create(**asking("refuse"))
    assert caught.value.body["error"]["code"] == "too_many_tokens"
    assert caught.value.response.headers["retry-after"] == "7"
    with pytest.raises(anthropic.NotFoundError):
        await client.messages.create(**asking("say hello", "nobody"))
    with pytest.raises(anthropic.AuthenticationError):
        await client.with_options(api_key="sk-wrong").messages.create(**asking("say hello"))


@both
async def test_a_broken_answer_raises_after_what_came(client: Any, model: str) -> None:
    texts: list[str] = []
    with pytest.raises(anthropic.APIStatusError) as caught:
        await keep(client.messages.stream(**asking("break off", model)), texts)
    assert "".join(texts) == HALF
    assert caught.value.body["error"]["code"] == "upstream_interrupted"


async def keep(streaming: Any, texts: list[str]) -> None:
    async with streaming as stream:
        async for text in stream.text_stream:
            texts.append(text)  # noqa: PERF401 - those before an error are kept


async def test_leaving_a_stream_closes_the_connection_to_the_provider(client: Any, proxy: Proxy) -> None:
    asked = len(proxy.provider.log)
    async with client.messages.stream(**asking("go on")) as stream:
        async for _ in stream.text_stream:
            break
    await proxy.provider.wait_for_disconnect(asked)


async def test_tokens_are_counted_without_a_call(client: Any, proxy: Proxy) -> None:
    asked = len(proxy.provider.log)
    messages = [{"role": "user", "content": "a word or two"}]
    counted = await client.messages.count_tokens(model="fast", messages=messages, tools=TOOLS)
    assert 3 <= counted.input_tokens <= 100
    assert len(proxy.provider.log) == asked


async def test_models_are_listed(client: Any) -> None:
    assert [model.id async for model in await client.models.list()] == ["fast", "claude"]

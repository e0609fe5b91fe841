"""langchain-openai, as its own pages use it."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.proxy.clients.wishes import HALF, SCHEMA, SUNNY, TEXT
from tests.proxy.serving import MASTER, Proxy

langchain_openai = pytest.importorskip("langchain_openai")

pytestmark = pytest.mark.asyncio(loop_scope="module")

WEATHER = {"name": "get_weather", "description": "The weather of a city.", "parameters": SCHEMA}


def model(proxy: Proxy, name: str = "fast", **options: Any) -> Any:
    place = {"base_url": f"{proxy.url}/v1", "api_key": MASTER, "max_retries": 0}
    return langchain_openai.ChatOpenAI(model=name, **place, **options)


@pytest.mark.parametrize("name", ["fast", "claude"])
async def test_answers_whole_and_streamed_with_their_usage(proxy: Proxy, name: str) -> None:
    chat = model(proxy, name, stream_usage=True)
    answer = await chat.ainvoke("say hello")
    assert (answer.content, answer.usage_metadata["total_tokens"]) == (TEXT, 5)
    whole = None
    async for chunk in chat.astream("say hello"):
        whole = chunk if whole is None else whole + chunk
    assert (whole.content, whole.usage_metadata["total_tokens"]) == (TEXT, 5)
    assert whole.response_metadata["finish_reason"] == "stop"


@pytest.mark.parametrize("name", ["fast", "claude"])
async def test_a_tool_is_called_and_its_result_brought_back(proxy: Proxy, name: str) -> None:
    from langchain_core.messages import HumanMessage, ToolMessage

    chat, asked = model(proxy, name).bind_tools([WEATHER]), HumanMessage("the weather")
    told = None
    async for chunk in chat.astream([asked]):
        told = chunk if told is None else told + chunk
    (call,) = told.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris"})
    answer = await chat.ainvoke([asked, told, ToolMessage("sunny", tool_call_id=call["id"])])
    assert answer.content == SUNNY


async def test_errors_are_openais(proxy: Proxy) -> None:
    with pytest.raises(openai.RateLimitError):
        await model(proxy).ainvoke("refuse")
    texts: list[str] = []
    with pytest.raises(openai.APIError, match="broke off"):
        await keep(model(proxy), texts)
    assert "".join(texts) == HALF


async def keep(chat: Any, texts: list[str]) -> None:
    async for chunk in chat.astream("break off"):
        texts.append(chunk.content)  # noqa: PERF401 - those before an error are kept


async def test_leaving_a_stream_closes_the_connection_to_the_provider(proxy: Proxy) -> None:
    asked = len(proxy.provider.log)
    stream = model(proxy).astream("go on")
    async for chunk in stream:
        if chunk.content:
            break
    await stream.aclose()
    await proxy.provider.wait_for_disconnect(asked)


async def test_vectors(proxy: Proxy) -> None:
    place = {"base_url": f"{proxy.url}/v1", "api_key": MASTER}
    vectors = langchain_openai.OpenAIEmbeddings(model="fast", check_embedding_ctx_length=False, **place)
    assert len(await vectors.aembed_documents(["a", "b"])) == 2

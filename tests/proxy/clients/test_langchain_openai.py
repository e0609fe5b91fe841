"""langchain-openai, as its own pages use it. Its import takes seconds, so a run without the slow tests has none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
import pytest_asyncio

from tests.proxy.clients.wishes import HALF, SCHEMA, SUNNY, TEXT
from tests.proxy.serving import MASTER, Proxy

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

WEATHER = {"name": "get_weather", "description": "The weather of a city.", "parameters": SCHEMA}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(proxy: Proxy) -> AsyncIterator[dict[str, Any]]:
    """Return where models are; the client of HTTP is there only to be closed, which LangChain's own never is."""
    pytest.importorskip("langchain_openai")
    async with openai.DefaultAsyncHttpxClient() as http:
        yield {"base_url": f"{proxy.url}/v1", "api_key": MASTER, "max_retries": 0, "http_async_client": http}


def chat_at(place: dict[str, Any], name: str = "fast", **options: Any) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model=name, **place, **options)


@pytest.mark.parametrize("name", ["fast", "claude"])
async def test_answers_whole_and_streamed_with_their_usage(place: dict[str, Any], name: str) -> None:
    chat = chat_at(place, name, stream_usage=True)
    answer = await chat.ainvoke("say hello")
    assert (answer.content, answer.usage_metadata["total_tokens"]) == (TEXT, 5)
    whole = None
    async for chunk in chat.astream("say hello"):
        whole = chunk if whole is None else whole + chunk
    assert (whole.content, whole.usage_metadata["total_tokens"]) == (TEXT, 5)
    assert whole.response_metadata["finish_reason"] == "stop"


@pytest.mark.parametrize("name", ["fast", "claude"])
async def test_a_tool_is_called_and_its_result_brought_back(place: dict[str, Any], name: str) -> None:
    from langchain_core.messages import HumanMessage, ToolMessage

    chat, asked = chat_at(place, name).bind_tools([WEATHER]), HumanMessage("the weather")
    told = None
    async for chunk in chat.astream([asked]):
        told = chunk if told is None else told + chunk
    (call,) = told.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris"})
    answer = await chat.ainvoke([asked, told, ToolMessage("sunny", tool_call_id=call["id"])])
    assert answer.content == SUNNY


async def test_errors_are_openais(place: dict[str, Any]) -> None:
    with pytest.raises(openai.RateLimitError):
        await chat_at(place).ainvoke("refuse")
    texts: list[str] = []
    with pytest.raises(openai.APIError, match="broke off"):
        await keep(chat_at(place), texts)
    assert "".join(texts) == HALF


async def keep(chat: Any, texts: list[str]) -> None:
    async for chunk in chat.astream("break off"):
        texts.append(chunk.content)  # noqa: PERF401 - those before an error are kept


async def test_leaving_a_stream_closes_the_connection_to_the_provider(proxy: Proxy, place: dict[str, Any]) -> None:
    asked = len(proxy.provider.log)
    stream = chat_at(place).astream("go on")
    async for chunk in stream:
        if chunk.content:
            break
    await stream.aclose()
    await proxy.provider.wait_for_disconnect(asked)


async def test_vectors(place: dict[str, Any]) -> None:
    from langchain_openai import OpenAIEmbeddings

    vectors = OpenAIEmbeddings(model="fast", check_embedding_ctx_length=False, **place)
    assert len(await vectors.aembed_documents(["a", "b"])) == 2

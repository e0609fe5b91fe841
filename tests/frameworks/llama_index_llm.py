"""LlamaIndex on `Aiollm`: chats, completions, tools, structured answers, agents and streams.

It runs in an environment of its own (`tests/distribution/test_frameworks.py`). LlamaIndex publishes no tests for LLMs;
these use each part of it that asks one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock, ToolCallBlock
from llama_index.core.llms import LLM
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

import aiollm
from aiollm.integrations.llama_index import Aiollm
from aiollm.testing import LoggedRequest, ProviderServer, Steps, reply, role, stall, status, tokens

USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
HELLO = [ChatMessage("Hello!")]


class City(BaseModel):
    """A city."""

    name: str


def weather(city: str) -> str:
    """Tell how warm a city is."""
    return f"20 degrees in {city}"


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        running.reply("Fine, thanks!", usage=USAGE)
        yield running


@pytest.fixture
def llm(server: ProviderServer) -> Aiollm:
    return Aiollm("openai/gpt-4o", api_base=server.base_url, api_key="none", max_retries=0, temperature=0.5)


def play(request: LoggedRequest) -> Steps:
    """Call the first tool, and then answer with a text."""
    asked = request.json
    if asked.get("tools") and asked["messages"][-1]["role"] == "user":
        function = asked["tools"][0]["function"]
        arguments = dict.fromkeys(function["parameters"]["properties"], "Paris")
        return reply(None, tool_calls=[{"name": function["name"], "arguments": arguments}], usage=USAGE)
    return reply("It is 20 degrees.", usage=USAGE)


def test_it_is_an_llm_that_knows_its_model(llm: Aiollm) -> None:
    assert isinstance(llm, LLM)
    assert llm.metadata.context_window == 128_000
    assert llm.metadata.is_function_calling_model
    assert Aiollm("mine", context_window=5, is_function_calling_model=False).metadata.context_window == 5
    assert "none" not in repr(llm)


def test_a_chat_has_an_answer(llm: Aiollm, server: ProviderServer) -> None:
    answer = llm.chat([ChatMessage("Be brief.", role="system"), *HELLO])
    assert answer.message.content == "Fine, thanks!"
    assert answer.additional_kwargs["completion_tokens"] == 3
    assert server.log[0].json["temperature"] == 0.5
    assert [message["role"] for message in server.log[0].json["messages"]] == ["system", "user"]


async def test_a_chat_has_an_answer_asynchronously(llm: Aiollm) -> None:
    assert (await llm.achat(HELLO)).message.content == "Fine, thanks!"
    assert (await llm.acomplete("Hello!")).text == "Fine, thanks!"


def test_a_stream_has_the_text_so_far(llm: Aiollm) -> None:
    responses = list(llm.stream_chat(HELLO))
    assert "".join(response.delta or "" for response in responses) == "Fine, thanks!"
    assert responses[-1].message.content == "Fine, thanks!"
    assert [response.text for response in llm.stream_complete("Hello!")][-1] == "Fine, thanks!"
    assert llm.complete("Hello!").text == "Fine, thanks!"


async def test_a_stream_has_the_text_so_far_asynchronously(llm: Aiollm) -> None:
    responses = [response async for response in await llm.astream_chat(HELLO)]
    assert responses[-1].message.content == "Fine, thanks!"
    assert [response.text async for response in await llm.astream_complete("Hello!")][-1] == "Fine, thanks!"


def test_tools_are_called(llm: Aiollm, server: ProviderServer) -> None:
    server.script(play)
    tool = FunctionTool.from_defaults(weather)
    answer = llm.chat_with_tools([tool], user_msg="How warm is Paris?", tool_required=True)
    (call,) = llm.get_tool_calls_from_response(answer)
    assert (call.tool_name, call.tool_kwargs) == ("weather", {"city": "Paris"})
    assert server.log[0].json["tool_choice"] == "required"
    assert str(llm.predict_and_call([tool], "How warm is Paris?")) == "20 degrees in Paris"
    with pytest.raises(ValueError, match="no tool"):
        llm.get_tool_calls_from_response(llm.chat(HELLO))


def test_tool_calls_grow_in_a_stream(llm: Aiollm, server: ProviderServer) -> None:
    server.script(play)
    last = list(llm.stream_chat_with_tools([FunctionTool.from_defaults(weather)], user_msg="How warm?"))[-1]
    (call,) = llm.get_tool_calls_from_response(last)
    assert call.tool_kwargs == {"city": "Paris"}


def test_an_answer_has_a_structure(llm: Aiollm, server: ProviderServer) -> None:
    server.script(play)
    assert llm.as_structured_llm(City).complete("Where?").raw == City(name="Paris")


async def test_an_agent_calls_a_tool_and_goes_on(llm: Aiollm, server: ProviderServer) -> None:
    server.script(play)
    agent = FunctionAgent(tools=[weather], llm=llm)
    assert str(await agent.run("How warm is Paris?")) == "It is 20 degrees."
    call, answer = server.log[1].json["messages"][-2:]
    assert (call["tool_calls"][0]["id"], answer["content"]) == (answer["tool_call_id"], "20 degrees in Paris")


def test_images_and_calls_are_sent(llm: Aiollm, server: ProviderServer) -> None:
    call = ToolCallBlock(tool_call_id="1", tool_name="weather", tool_kwargs={"city": "Paris"})
    picture: list[Any] = [TextBlock(text="What?"), ImageBlock(url="https://h/i.png"), ImageBlock(image=b"eA==")]
    llm.chat([ChatMessage(picture), ChatMessage([call], role="assistant")])
    asked, called = server.log[0].json["messages"]
    assert [part["type"] for part in asked["content"]] == ["text", "image_url", "image_url"]
    assert called["tool_calls"][0]["function"] == {"name": "weather", "arguments": '{"city":"Paris"}'}


def test_errors_are_aiollms(llm: Aiollm, server: ProviderServer) -> None:
    server.script(status(429))
    with pytest.raises(aiollm.RateLimitError):
        llm.chat(HELLO)


async def test_leaving_a_stream_closes_the_connection(llm: Aiollm, server: ProviderServer) -> None:
    server.script([role(), tokens("one two"), stall()])
    stream = await llm.astream_chat(HELLO)
    async for _ in stream:
        break
    await stream.aclose()
    ended = await asyncio.to_thread(server.run, server.wait_for_disconnect(0))
    assert ended.disconnected_by == "client"

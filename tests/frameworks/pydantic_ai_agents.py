"""Agents of Pydantic AI on `AiollmModel`: texts, tools, structured output, streams, errors.

It runs in an environment of its own (`tests/distribution/test_frameworks.py`). Pydantic AI publishes no tests for
models; these use each part of it that asks one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, ImageUrl, NativeOutput, ToolOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.fallback import FallbackModel

from aiollm.integrations.pydantic_ai import AiollmModel
from aiollm.testing import (
    LoggedRequest,
    ProviderServer,
    Steps,
    done,
    finish,
    reasoning,
    reply,
    role,
    stall,
    status,
    tokens,
)

USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


class City(BaseModel):
    name: str
    people: int


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        running.reply("Fine, thanks!", usage=USAGE)
        yield running


def model(server: ProviderServer, name: str = "openai/gpt-4o", **options: Any) -> AiollmModel:
    return AiollmModel(name, api_base=server.base_url, api_key="none", num_retries=0, **options)


async def test_an_agent_has_an_answer(server: ProviderServer) -> None:
    result = await Agent(model(server), instructions="Be brief.", model_settings={"max_tokens": 9}).run("Hello!")
    assert result.output == "Fine, thanks!"
    usage = result.usage() if callable(result.usage) else result.usage
    assert (usage.input_tokens, usage.output_tokens) == (9, 3)
    asked = server.log[0].json
    assert asked["max_tokens"] == 9
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]


def test_an_agent_answers_blocking_code(server: ProviderServer) -> None:
    assert Agent(model(server)).run_sync("Hello!").output == "Fine, thanks!"


async def test_an_agent_streams(server: ProviderServer) -> None:
    async with Agent(model(server)).run_stream("Hello!") as run:
        texts = [text async for text in run.stream_text(delta=True, debounce_by=None)]
        usage = run.usage() if callable(run.usage) else run.usage
    assert texts == ["Fine,", " thanks!"]
    assert usage.output_tokens == 3


@pytest.mark.parametrize("stream", [True, False])
async def test_an_agent_calls_tools(server: ProviderServer, stream: bool) -> None:
    def play(request: LoggedRequest) -> Steps:
        if request.json["messages"][-1]["role"] == "tool":
            return reply("It is 20 degrees.", usage=USAGE)
        return reply(None, tool_calls=[{"name": "weather", "arguments": {"city": "Paris"}}], usage=USAGE)

    server.script(play)
    agent = Agent(model(server))
    cities: list[str] = []

    @agent.tool_plain
    def weather(city: str) -> str:
        cities.append(city)
        return "20 degrees"

    if stream:
        async with agent.run_stream("How warm is Paris?") as run:
            output = await run.get_output()
    else:
        output = (await agent.run("How warm is Paris?")).output
    assert (output, cities) == ("It is 20 degrees.", ["Paris"])
    call, answer = server.log[1].json["messages"][-2:]
    assert (call["tool_calls"][0]["id"], answer["content"]) == (answer["tool_call_id"], "20 degrees")


async def test_an_agent_has_structured_output_by_a_tool(server: ProviderServer) -> None:
    city = {"name": "Paris", "people": 2}
    server.script(
        lambda request: reply(
            None, tool_calls=[{"name": request.json["tools"][0]["function"]["name"], "arguments": city}], usage=USAGE
        )
    )
    assert (await Agent(model(server), output_type=ToolOutput(City)).run("Paris?")).output == City(**city)
    assert server.log[0].json["tool_choice"] == "required"


async def test_an_agent_has_structured_output_by_a_schema(server: ProviderServer) -> None:
    server.reply('{"name": "Paris", "people": 2}')
    able = model(server, profile={"supports_json_schema_output": True})
    assert (await Agent(able, output_type=NativeOutput(City)).run("Paris?")).output.people == 2
    assert server.log[0].json["response_format"]["type"] == "json_schema"


async def test_a_wrong_output_is_asked_for_again(server: ProviderServer) -> None:
    answers = iter(['{"name": 1}', '{"name": "Paris", "people": 2}'])
    server.script(lambda request: reply(next(answers)))
    able = model(server, profile={"supports_json_schema_output": True})
    assert (await Agent(able, output_type=NativeOutput(City)).run("Paris?")).output.name == "Paris"
    assert len(server.log) == 2


async def test_images_are_sent(server: ProviderServer) -> None:
    prompt = ["What is this?", ImageUrl(url="https://h/i.png"), BinaryContent(data=b"x", media_type="image/png")]
    await Agent(model(server)).run(prompt)
    kinds = [part["type"] for part in server.log[0].json["messages"][0]["content"]]
    assert kinds == ["text", "image_url", "image_url"]


async def test_thinking_is_a_part_of_its_own(server: ProviderServer) -> None:
    server.script([role(), reasoning("Hm."), tokens("Yes."), finish(), done()])
    async with Agent(model(server)).run_stream("Well?") as run:
        await run.get_output()
        parts = run.all_messages()[-1].parts
    assert [part.part_kind for part in parts] == ["thinking", "text"]


async def test_an_error_of_the_provider_is_pydantic_ais(server: ProviderServer) -> None:
    server.script(status(429))
    with pytest.raises(ModelHTTPError) as caught:
        await Agent(model(server)).run("Hello!")
    assert (caught.value.status_code, type(caught.value.__cause__).__name__) == (429, "RateLimitError")


async def test_another_model_is_asked_after_an_error(server: ProviderServer) -> None:
    server.script(lambda request: status(500) if request.json["model"] == "a" else reply("from b"))
    both = FallbackModel(model(server, "openai/a"), model(server, "openai/b"))
    assert (await Agent(both).run("Hello!")).output == "from b"


async def test_leaving_a_stream_closes_the_connection(server: ProviderServer) -> None:
    server.script([role(), tokens("one two"), stall()])
    async with Agent(model(server)).run_stream("Hello!") as run:
        async for _ in run.stream_text(delta=True, debounce_by=None):
            break
    ended = await asyncio.to_thread(server.run, server.wait_for_disconnect(0))
    assert ended.disconnected_by == "client"

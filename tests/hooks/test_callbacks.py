"""LiteLLM's callbacks: what they are called with, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

import aiollm
from aiollm import Client, CustomLogger, RateLimitError, StreamCancelled
from aiollm.testing import ProviderServer, role, stall, status, tokens
from tests.engine.calling import MESSAGES, arguments, collected


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        running.reply("so it is")
        yield running


class Plain(CustomLogger):
    def __init__(self) -> None:  # as users write it, without super()
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def log_pre_api_call(self, model: str, messages: Any, kwargs: dict[str, Any]) -> None:
        self.heard.append(("pre", {"model": model, "messages": messages, "kwargs": kwargs}))

    def log_post_api_call(self, kwargs: Any, response_obj: Any, start_time: datetime, end_time: datetime) -> None:
        self.heard.append(("post", {"kwargs": kwargs}))

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: datetime, end_time: datetime) -> None:
        self.heard.append(("success", {"kwargs": kwargs, "response": response_obj, "took": end_time - start_time}))

    def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: datetime, end_time: datetime) -> None:
        self.heard.append(("failure", {"kwargs": kwargs, "response": response_obj}))


class Both(Plain):
    async def async_log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: datetime, end_time: datetime
    ) -> None:
        await asyncio.sleep(0)
        self.heard.append(("async success", {"kwargs": kwargs, "response": response_obj}))


async def test_plain_methods_hear_of_a_stream(server: ProviderServer) -> None:
    logger = Plain()
    client = Client(hooks=[logger])
    await collected(await client.acompletion(**arguments(server, stream=True, user="u", metadata={"tags": ["a"]})))
    (_, before), (_, _), (_, after) = logger.heard
    assert [name for name, _ in logger.heard] == ["pre", "post", "success"]
    assert (before["model"], before["messages"]) == ("scripted", MESSAGES)
    kwargs = after["kwargs"]
    assert kwargs["litellm_params"]["metadata"] == {"tags": ["a"]}
    assert (kwargs["optional_params"], kwargs["stream"], kwargs["call_type"]) == ({"user": "u"}, True, "acompletion")
    assert kwargs["litellm_call_id"] == before["kwargs"]["litellm_call_id"]
    assert after["response"].choices[0].message.content == "so it is"
    assert kwargs["complete_streaming_response"] == after["response"]
    assert kwargs["start_time"] <= kwargs["completion_start_time"] <= kwargs["end_time"]
    assert after["took"].total_seconds() > 0


async def test_an_asynchronous_method_goes_before_the_plain_one(server: ProviderServer) -> None:
    logger = Both()
    await Client(hooks=[logger]).acompletion(**arguments(server))
    await logger.drain()
    assert [name for name, _ in logger.heard] == ["pre", "post", "async success"]
    server.script([status(429)])
    with pytest.raises(RateLimitError):
        await Client(hooks=[logger]).acompletion(**arguments(server))
    assert logger.heard[-1][0] == "failure"


async def test_a_failure_has_the_error_that_the_caller_got(server: ProviderServer) -> None:
    logger = Plain()
    server.script([status(429)])
    with pytest.raises(RateLimitError) as caught:
        await Client(hooks=[logger]).acompletion(**arguments(server))
    (_, told) = logger.heard[-1]
    assert (told["kwargs"]["exception"], told["response"]) == (caught.value, None)


async def test_a_stream_that_is_left_is_a_failure_with_the_answer_so_far(server: ProviderServer) -> None:
    logger = Plain()
    server.script([role(), tokens(["so far"]), stall(heartbeat=0.5)])
    async for _ in await Client(hooks=[logger]).acompletion(**arguments(server, stream=True)):
        break
    name, told = logger.heard[-1]
    assert name == "failure"
    assert isinstance(told["kwargs"]["exception"], StreamCancelled)
    assert told["response"].choices[0].message.content == "so far"


async def test_functions_hear_of_success_or_of_failure(server: ProviderServer) -> None:
    heard: list[tuple[str, Any]] = []
    came = asyncio.Event()

    def won(kwargs: Any, completion_response: Any, start_time: Any, end_time: Any) -> None:
        heard.append(("won", completion_response.choices[0].message.content))

    async def won_later(kwargs: Any, completion_response: Any, start_time: Any, end_time: Any) -> None:
        heard.append(("won later", end_time > start_time))
        came.set()

    def lost(kwargs: Any, completion_response: Any, start_time: Any, end_time: Any) -> None:
        heard.append(("lost", type(kwargs["exception"])))

    client = Client(hooks=aiollm.callbacks(success=[won, won_later], failure=[lost]))
    await client.acompletion(**arguments(server))
    server.script([status(429)])
    with pytest.raises(RateLimitError):
        await client.acompletion(**arguments(server))
    async with asyncio.timeout(20):
        await came.wait()
    assert sorted(heard, key=repr) == [("lost", RateLimitError), ("won later", True), ("won", "so it is")]


async def test_the_price_and_the_cache_are_told() -> None:
    logger = Plain()
    client = Client(hooks=[logger], cache=aiollm.Cache(aiollm.MemoryStore()))
    async with ProviderServer() as server:
        server.reply("so it is", usage={"prompt_tokens": 1000, "completion_tokens": 1000})
        for _ in range(2):
            await client.acompletion(**arguments(server, model="openai/gpt-4o"))
    asked, kept = (told["kwargs"] for name, told in logger.heard if name == "success")
    assert (asked["response_cost"], asked["cache_hit"]) == (pytest.approx(0.0125), False)
    assert (kept["response_cost"], kept["cache_hit"]) == (0, True)


async def test_embeddings_have_their_input_for_messages() -> None:
    logger = Plain()
    with pytest.raises(aiollm.APIError):
        await Client(hooks=[logger]).aembedding(
            "openai/x", ["a"], api_key="none", api_base="http://127.0.0.1:9/v1", num_retries=0
        )
    assert logger.heard[0][1]["messages"] == ["a"]
    assert logger.heard[0][1]["kwargs"]["call_type"] == "aembedding"


def test_the_name_of_a_service_is_no_callback() -> None:
    with pytest.raises(TypeError, match="langfuse"):
        aiollm.callbacks(success=["langfuse"])  # type: ignore[list-item]

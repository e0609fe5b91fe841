"""What an attempt and an answer cost: looked up when somebody asks, by the reply's own words."""

from __future__ import annotations

import copy
import pickle
from collections.abc import AsyncIterator
from typing import Any

import pytest

import aiollm
from aiollm.testing import ProviderServer, event, reply, status
from tests.engine.calling import arguments, collected

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100}
GPT_4O = 1000 * 2.5e-6 + 100 * 1e-5
PRIORITY = 1000 * 4.25e-6 + 100 * 1.7e-5


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.reply("Fine.", usage=USAGE)
        yield server


def asking(server: ProviderServer, model: str = "openai/gpt-4o", **options: Any) -> dict[str, Any]:
    return arguments(server, **options) | {"model": model}


async def test_an_answer_and_its_attempt_have_one_cost(server: ProviderServer) -> None:
    response = await aiollm.acompletion(**asking(server))
    assert response._hidden_params["response_cost"] == pytest.approx(GPT_4O)
    assert aiollm.completion_cost(response) == pytest.approx(GPT_4O)


async def test_a_stream_has_a_cost_once_its_usage_has_come(server: ProviderServer) -> None:
    stream = await aiollm.acompletion(**asking(server, stream=True, stream_options={"include_usage": True}))
    assert [attempt.cost for attempt in stream.attempts] == [None]
    chunks, _ = await collected(stream)
    assert [attempt.cost for attempt in stream.attempts] == [pytest.approx(GPT_4O)]
    assert stream._hidden_params["response_cost"] == pytest.approx(GPT_4O)
    assert [chunk._hidden_params["response_cost"] for chunk in (chunks[0], chunks[-1])] == [None, pytest.approx(GPT_4O)]


async def test_a_failed_attempt_has_none(server: ProviderServer) -> None:
    server.enqueue(status(500), reply("Fine.", usage=USAGE))
    stream = await aiollm.acompletion(
        **asking(server, num_retries=1, stream=True, stream_options={"include_usage": True})
    )
    await collected(stream)
    assert [attempt.cost for attempt in stream.attempts] == [None, pytest.approx(GPT_4O)]


async def test_an_unknown_model_has_none(server: ProviderServer) -> None:
    response = await aiollm.acompletion(**asking(server, "openai/nobody"))
    assert response._hidden_params["response_cost"] is None


@pytest.mark.parametrize("stream", [False, True])
async def test_the_tier_in_the_reply_goes_before_the_one_that_was_asked_for(
    stream: bool, server: ProviderServer
) -> None:
    head = {"id": "c1", "created": 1, "model": "gpt-4o", "object": "chat.completion.chunk", "service_tier": "default"}
    begin = {**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "hi"}}]}
    end = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": USAGE}
    whole = {**head, "object": "chat.completion", "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
    server.script([event(begin), event(end)] if stream else status(200, body={**whole, "usage": USAGE}))
    answer: Any = await aiollm.acompletion(**asking(server, stream=stream, service_tier="priority"))
    if stream:
        await collected(answer)
    assert answer._hidden_params["response_cost"] == pytest.approx(GPT_4O)


async def test_the_tier_that_was_asked_for_holds_where_the_reply_names_none(server: ProviderServer) -> None:
    response = await aiollm.acompletion(**asking(server, service_tier="priority"))
    assert response._hidden_params["response_cost"] == pytest.approx(PRIORITY)


async def test_an_azure_deployment_is_priced_by_the_model_in_its_reply(server: ProviderServer) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    server.script(status(200, body={"model": "gpt-4o-2024-08-06", "choices": [choice], "usage": USAGE}))
    response = await aiollm.acompletion(**asking(server, "azure/mine"))
    assert response._hidden_params["response_cost"] == pytest.approx(GPT_4O)


async def test_the_responses_api_has_a_cost(server: ProviderServer) -> None:
    server.reply("hi")
    given = {"api_base": server.base_url, "api_key": "k"}
    response = await aiollm.aresponses("hello", "openai/gpt-4o", **given)
    assert response.usage is not None
    expected = response.usage.input_tokens * 2.5e-6 + response.usage.output_tokens * 1e-5
    assert response._hidden_params["response_cost"] == pytest.approx(expected)


async def test_an_answer_that_was_copied_or_stored_still_has_its_cost(server: ProviderServer) -> None:
    response = await aiollm.acompletion(**asking(server))
    for other in (copy.deepcopy(response), pickle.loads(pickle.dumps(response))):
        assert other._hidden_params["response_cost"] == pytest.approx(GPT_4O)

"""Calls within a budget: what is reserved, and what is spent on every way that a call ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import aiollm
from aiollm import Budget, BudgetExceededError, Client, Retry
from aiollm.middleware.budget import Amount
from aiollm.middleware.hedge import Hedge
from aiollm.providers import known_models
from aiollm.testing import ProviderServer, cut, embeddings, reply, role, stall, status, tokens
from tests.engine.calling import arguments, collected

USAGE = {"prompt_tokens": 100, "completion_tokens": 50}
COST = 100 * 1e-4 + 50 * 2e-4
PROMPT = 12  # "Say something." with its role and its frame, about


@pytest.fixture(autouse=True)
def prices() -> Iterator[None]:
    aiollm.register_model({
        "openai/scripted": {"mode": "chat", "input_cost_per_token": 1e-4, "output_cost_per_token": 2e-4,
                            "max_output_tokens": 1000},
        "hosted_vllm/scripted": {"mode": "chat", "input_cost_per_token": 1e-4, "output_cost_per_token": 2e-4},
        "openai/vectors": {"mode": "embedding", "input_cost_per_token": 1e-4},
    })  # fmt: skip
    yield
    known_models._registered.cache_clear()


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.reply("Fine.", usage=USAGE)
        yield server


def facts(budget: Budget) -> tuple[float | None, int | None, float | None]:
    """USD and tokens spent, and the USD that are an estimate; nothing must be reserved any more."""
    assert budget.reserved == Amount(0.0, 0)
    return budget.spent.usd, budget.spent.tokens, budget.estimated.usd


async def test_an_answer_costs_what_it_used(server: ProviderServer) -> None:
    budget = Budget(usd=1.0)
    await Client(budget=budget).acompletion(**arguments(server))
    assert facts(budget) == pytest.approx((COST, 150, 0.0))


async def test_a_stream_reserves_the_most_it_may_cost_until_it_ends(server: ProviderServer) -> None:
    budget = Budget(usd=1.0)
    options: Any = {"stream": True, "stream_options": {"include_usage": True}, "max_tokens": 400, "n": 2}
    stream = await Client(budget=budget).acompletion(**arguments(server, **options))
    assert budget.reserved == Amount(pytest.approx(PROMPT * 1e-4 + 800 * 2e-4), PROMPT + 800)  # type: ignore[arg-type]
    await collected(stream)
    assert facts(budget) == pytest.approx((COST, 150, 0.0))


async def test_without_a_limit_of_the_caller_the_models_own_is_reserved(server: ProviderServer) -> None:
    budget = Budget(usd=0.2)
    with pytest.raises(BudgetExceededError, match=r"\$0.2 .*up to \$0.2012; nothing was sent"):
        await Client(budget=budget).acompletion(**arguments(server))
    assert server.log == []
    await Client(budget=budget).acompletion(**arguments(server, max_tokens=100))


async def test_calls_at_once_are_never_over_the_budget(server: ProviderServer) -> None:
    budget = Budget(tokens=5 * (PROMPT + 400))
    client = Client(budget=budget)
    calls = [client.acompletion(**arguments(server, max_tokens=400)) for _ in range(8)]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(answer, BudgetExceededError) for answer in ended] == [False] * 5 + [True] * 3
    assert facts(budget)[1] == 5 * 150


async def test_a_stream_that_is_left_without_a_usage_costs_an_estimate(server: ProviderServer) -> None:
    server.script([role(), *[tokens("word word word word ") for _ in range(20)], stall(30)])
    budget = Budget(usd=1.0)
    stream = await Client(budget=budget).acompletion(**arguments(server, stream=True))
    async for _ in stream:
        if stream._source.chunks > 15:
            break
    spent, counted, estimated = facts(budget)
    assert spent == estimated
    assert counted is not None
    assert PROMPT + 20 < counted < 200
    assert spent == pytest.approx(PROMPT * 1e-4 + (counted - PROMPT) * 2e-4)


async def test_an_answer_that_breaks_off_costs_what_came_of_it(server: ProviderServer) -> None:
    server.script([role(), tokens("one two three"), cut()])
    budget = Budget(usd=1.0)
    stream = await Client(budget=budget).acompletion(**arguments(server, stream=True))
    _, error = await collected(stream)
    assert isinstance(error, aiollm.StreamInterrupted)
    spent, counted, estimated = facts(budget)
    assert spent == estimated
    assert counted is not None
    assert counted > PROMPT


async def test_a_call_that_the_provider_refuses_costs_nothing(server: ProviderServer) -> None:
    server.script(status(400))
    budget = Budget(usd=1.0)
    with pytest.raises(aiollm.BadRequestError):
        await Client(budget=budget).acompletion(**arguments(server))
    assert facts(budget) == (0.0, 0, 0.0)


async def test_a_cancelled_call_costs_its_prompt(server: ProviderServer) -> None:
    server.script(stall(30))
    budget = Budget(usd=1.0)
    task = asyncio.create_task(Client(budget=budget).acompletion(**arguments(server)))
    await server.wait_for_request()
    task.cancel()
    await asyncio.wait([task])
    assert facts(budget) == pytest.approx((PROMPT * 1e-4, PROMPT, PROMPT * 1e-4))


async def test_an_answer_that_never_begins_costs_its_prompt(server: ProviderServer) -> None:
    server.script(stall(30))
    budget = Budget(usd=1.0)
    with pytest.raises(aiollm.Timeout):
        await Client(budget=budget).acompletion(
            **arguments(server, stream=True, timeout=aiollm.Timeouts(first_token=0.3))
        )
    assert facts(budget) == pytest.approx((PROMPT * 1e-4, PROMPT, PROMPT * 1e-4))


async def test_each_attempt_is_paid_for(server: ProviderServer) -> None:
    server.enqueue(status(500), reply("Fine.", usage=USAGE))
    budget = Budget(usd=1.0)
    await Client(budget=budget, retry=Retry(retries=1)).acompletion(**arguments(server, num_retries=1))
    assert facts(budget) == pytest.approx((COST, 150, 0.0))


async def test_the_loser_of_two_costs_its_prompt(server: ProviderServer) -> None:
    server.enqueue(stall(30), reply("quick", usage=USAGE))
    budget = Budget(usd=1.0)
    client = Client(budget=budget, hedge=Hedge(after=0.05, max_extra=1.0))
    await client.acompletion(**arguments(server))
    assert facts(budget)[:2] == pytest.approx((COST + PROMPT * 1e-4, 150 + PROMPT))


@pytest.mark.parametrize("mid_stream", ["restart", "continue"])
async def test_both_parts_of_an_answer_that_was_taken_up_are_paid_once(mid_stream: Any, server: ProviderServer) -> None:
    server.enqueue([role(), tokens("one two three"), cut()], reply("four", usage=USAGE))
    budget = Budget(usd=1.0)
    options: Any = {
        "stream": True,
        "stream_options": {"include_usage": True},
        "mid_stream": mid_stream,
        "max_tokens": 100,
    }
    call = arguments(server, **options) | {"model": "hosted_vllm/scripted"}
    stream = await Client(budget=budget).acompletion(**call)
    _, error = await collected(stream)
    assert error is None
    spent, counted, _ = facts(budget)
    # Nobody counted the first part, so that nobody can say what both cost.
    assert stream._hidden_params["response_cost"] == (None if mid_stream == "continue" else pytest.approx(COST))
    first = stream.attempts[0].error
    assert first is not None
    assert first.partial.choices[0].message.content == "one two three"
    assert counted is not None
    assert 150 + PROMPT < counted < 150 + PROMPT + 100
    assert spent == pytest.approx(COST + PROMPT * 1e-4 + (counted - 150 - PROMPT) * 2e-4)


async def test_a_dear_fallback_is_reserved_for(server: ProviderServer) -> None:
    aiollm.register_model(
        {"openai/dear": {"mode": "chat", "input_cost_per_token": 1e-2, "output_cost_per_token": 1e-2}}
    )
    budget = Budget(usd=1.0)
    dear = {"model": "openai/dear", "api_base": server.base_url, "api_key": "k"}
    with pytest.raises(BudgetExceededError, match=r"up to \$1.12"):
        await Client(budget=budget).acompletion(**arguments(server, max_tokens=100, fallbacks=[dear]))


async def test_a_model_without_a_price_needs_a_budget_in_tokens(server: ProviderServer) -> None:
    call = arguments(server, max_tokens=100) | {"model": "openai/nobody"}
    with pytest.raises(aiollm.BadRequestError, match=r"needs the price of 'nobody' at openai.*register_model"):
        await Client(budget=Budget(usd=1.0)).acompletion(**call)
    assert server.log == []
    budget = Budget(tokens=1000)
    await Client(budget=budget).acompletion(**call)
    assert facts(budget) == (0.0, 150, 0.0)


async def test_vectors_have_no_answer_to_reserve_for(server: ProviderServer) -> None:
    server.script(embeddings([0.5], tokens=4))
    budget = Budget(usd=1e-3)
    await Client(budget=budget).aembedding("openai/vectors", "hello", api_base=server.base_url, api_key="k")
    assert facts(budget) == pytest.approx((4e-4, 4, 0.0))


async def test_texts_that_are_sent_one_by_one_are_each_paid_once(server: ProviderServer) -> None:
    server.script(embeddings([0.5], tokens=4))
    budget = Budget(usd=1e-3)
    titan = {"model": "bedrock/us-east-1/amazon.titan-embed-text-v2:0", "api_base": server.url, "api_key": "k"}
    answer = await Client(budget=budget).aembedding(input=["hello", "you"], **titan)
    assert len(server.log) == 2
    assert facts(budget) == pytest.approx((8 * 2e-8, 8, 0.0))
    assert answer._hidden_params["response_cost"] == pytest.approx(8 * 2e-8)


async def test_a_made_up_answer_costs_nothing(server: ProviderServer) -> None:
    budget = Budget(usd=1e-9)
    await Client(budget=budget).acompletion(**arguments(server, mock_response="hi"))
    assert facts(budget) == (0.0, 0, 0.0)


def test_blocking_calls_share_the_budget() -> None:
    with ProviderServer() as server:
        server.reply("Fine.", usage=USAGE)
        budget = Budget(usd=1.0)
        client = Client(budget=budget)
        client.completion(**arguments(server))
        for _ in client.completion(**arguments(server, stream=True, stream_options={"include_usage": True})):
            pass
    assert facts(budget) == pytest.approx((2 * COST, 300, 0.0))

"""Jobs over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import aiollm
from aiollm import Budget, Client, Limiter, RateLimitError, Retry, StreamInterrupted
from aiollm.jobs.estimate import Estimate
from aiollm.testing import ProviderServer, cut, embeddings, raw, reply, role, stall, status, tokens
from tests.jobs.asking import COST, MODEL, USAGE, job, prompts, results
from tests.test_responses_call import WHOLE


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.reply("Fine.", usage=USAGE)
        yield server


async def test_every_request_gets_its_answer(server: ProviderServer) -> None:
    running = job(server, (f"prompt {number}" for number in range(50)))
    answered = await results(running)
    assert sorted(result.index for result in answered) == [*range(50)]
    assert {result.text for result in answered} == {"Fine."}
    assert sorted(prompts(server)) == sorted(f"prompt {number}" for number in range(50))
    summary = running.summary()
    assert (summary.reason, summary.done, summary.failed, summary.in_flight) == ("complete", 50, 0, 0)
    assert (summary.prompt_tokens, summary.completion_tokens) == (5000, 2500)
    assert summary.cost == pytest.approx(50 * COST)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_result_tells_what_it_took(server: ProviderServer, stream: bool) -> None:
    server.enqueue(status(503))
    (result,) = await results(job(server, ["hi"], stream=stream, num_retries=1))
    assert (result.ok, result.text, result.error, result.from_store) == (True, "Fine.", None, False)
    assert [attempt.ended for attempt in result.attempts] == ["failed", "complete"]
    assert result.usage is not None
    assert (result.usage.prompt_tokens, result.usage.completion_tokens) == (100, 50)
    assert result.cost == pytest.approx(COST)
    assert result.first_token is not None
    assert 0 < result.first_token <= result.elapsed
    assert len(result.key) == 64


async def test_results_come_in_order_when_that_is_asked(server: ProviderServer) -> None:
    server.enqueue([stall(0.2), reply("slow")])
    server.reply("quick")
    answered = await results(job(server, map(str, range(30)), ordered=True))
    assert [result.index for result in answered] == [*range(30)]
    assert [result.text for result in answered] == ["slow", *["quick"] * 29]


async def test_a_failed_request_is_a_result_like_others(server: ProviderServer) -> None:
    server.enqueue(status(400))
    running = job(server, ["a", "b", 5, "c"], concurrency=1, limiter=Limiter(), ordered=True)
    answered = await results(running)
    assert [result.ok for result in answered] == [False, True, False, True]
    assert isinstance(answered[0].error, aiollm.BadRequestError)
    assert "it is of type int" in str(answered[2].error)
    assert (running.summary().errors, running.summary().reason) == ({"BadRequestError": 2}, "complete")


async def test_a_request_that_cannot_be_read_keeps_its_name_and_takes_no_answer_away(
    server: ProviderServer, tmp_path: Path
) -> None:
    store = tmp_path / "answers.sqlite"
    for wrong in ({"prompt": None}, {"messages": []}, {"prompt": "a", "temperature": "hot"}):
        (failed,) = await results(job(server, [{"custom_id": "a"} | wrong], store=store))
        assert (failed.key, failed.ok) == ("a", False)
    readable = {"custom_id": "a", "prompt": "a"}
    assert [result.from_store for result in await results(job(server, [readable], store=store))] == [False]
    assert [result.ok for result in await results(job(server, [{"custom_id": "a"}], store=store))] == [False]
    assert [result.from_store for result in await results(job(server, [readable], store=store))] == [True]


async def test_an_answer_that_breaks_off_is_an_error_with_what_came(server: ProviderServer) -> None:
    server.script([role(), tokens("one two"), cut()])
    (result,) = await results(job(server, ["a"], stream=True))
    assert isinstance(result.error, StreamInterrupted)
    assert result.error.partial.choices[0].message.content == "one two"


async def test_raise_raises_the_error_and_ends_the_job(server: ProviderServer) -> None:
    server.enqueue(status(400))
    running = job(server, map(str, range(1000)), on_error="raise", concurrency=1)
    with pytest.raises(aiollm.BadRequestError) as caught:
        await results(running)
    assert caught.value.__notes__[0].startswith("request 0 of the job")
    assert running.summary().in_flight == 0
    assert len(server.log) < 10


async def test_stop_gives_what_is_under_way_and_begins_no_more(server: ProviderServer) -> None:
    server.enqueue(status(400))
    running = job(server, map(str, range(1000)), on_error="stop", concurrency=1)
    assert [result.ok for result in await results(running)] == [False]
    assert running.summary().reason == "error"


async def test_leaving_the_loop_closes_the_connections(server: ProviderServer) -> None:
    server.enqueue(reply("first"))
    server.script(stall(30))
    async for _ in job(server, map(str, range(1000)), concurrency=3):
        await server.wait_for(lambda: len(server.log) >= 3)
        break
    for index in range(1, len(server.log)):
        assert (await server.wait_for_disconnect(index)).disconnected_by == "client"


async def test_a_stop_cuts_off_what_takes_too_long(server: ProviderServer) -> None:
    server.enqueue(reply("first"))
    server.script(stall(30))
    running = job(server, map(str, range(1000)), concurrency=2)
    assert (await anext(running)).text == "first"
    await server.wait_for(lambda: len(server.log) == 3)
    running.stop(within=0)
    assert await results(running) == []
    summary = running.summary()
    assert (summary.reason, summary.done, summary.unfinished) == ("stopped", 1, 2)


async def test_nothing_is_spent_beyond_the_budget_and_almost_all_of_it_is_used(server: ProviderServer) -> None:
    budget = Budget(tokens=150 * 20 + 100)
    running = job(server, map(str, range(1000)), budget=budget, max_tokens=400, concurrency=8)
    answered = await results(running)
    summary = running.summary()
    assert all(result.ok for result in answered)
    assert (summary.reason, summary.done) == ("budget", len(answered))
    assert summary.skipped > 0
    assert budget.tokens is not None
    assert budget.spent.tokens is not None
    # What is left is less than one request might take.
    assert budget.tokens - 420 < budget.spent.tokens <= budget.tokens
    assert len(server.log) == summary.done


async def test_a_limiter_is_shared_and_its_refusals_are_counted(server: ProviderServer) -> None:
    server.enqueue(status(429, retry_after=0.05))
    limiter = Limiter(concurrency=3, adaptive=False)
    running = job(server, map(str, range(12)), limiter=limiter, num_retries=None, retry=Retry(retries=3))
    answered = await results(running)
    assert all(result.ok for result in answered)
    assert limiter.stats().admitted == len(server.log) == 13
    summary = running.summary()
    assert (summary.throttled, summary.retries) == (1, 1)
    assert any(isinstance(attempt.error, RateLimitError) for result in answered for attempt in result.attempts)


async def test_a_client_brings_its_own_policies(server: ProviderServer) -> None:
    client = Client(budget=Budget(tokens=1_000_000))
    await results(job(server, ["a", "b"], client=client))
    with pytest.raises(TypeError, match="give them to it"):
        job(server, ["a"], client=client, budget=Budget(usd=1))


async def test_a_router_spreads_the_requests(server: ProviderServer) -> None:
    place = {"api_base": server.base_url, "api_key": "sk-test"}
    names = ("openai/one", "openai/two")
    router = aiollm.Router(
        model_list=[{"model_name": "fast", "litellm_params": {"model": name, **place}} for name in names]
    )
    answered = await results(aiollm.map(map(str, range(40)), "fast", client=router))
    assert {result.attempts[0].model for result in answered} == {"one", "two"}


async def test_lines_of_a_batch_file_ask_for_vectors_and_responses_too(server: ProviderServer, tmp_path: Path) -> None:
    def line(key: str, url: str) -> dict[str, Any]:
        return {"custom_id": key, "method": "POST", "url": url, "body": {"model": "gpt-4o-mini", "input": "hi"}}

    server.script(embeddings([0.5, 0.25], tokens=3))
    lines = [
        line("vectors", "/v1/embeddings"),
        {"custom_id": "other", "url": "/v1/moderations", "body": {"input": "hi"}},
    ]
    vectors, other = await results(job(server, lines, ordered=True))
    assert isinstance(vectors.response, aiollm.EmbeddingResponse)
    assert vectors.response.data[0].embedding == [0.5, 0.25]
    assert (vectors.usage and vectors.usage.prompt_tokens, vectors.text) == (3, "")
    assert isinstance(other.error, aiollm.BadRequestError)

    server.script([raw(json.dumps(WHOLE).encode())])
    for stored in (False, True):
        (said,) = await results(job(server, [line("said", "/v1/responses")], store=tmp_path / "said.jsonl"))
        assert isinstance(said.response, aiollm.ResponsesAPIResponse)
        assert (said.text, said.usage and said.usage.total_tokens, said.from_store) == ("Hello", 14, stored)
    assert [request.path for request in server.log] == ["/v1/embeddings", "/v1/responses"]


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"window": 0}, {"on_error": "ignore"}, {"store": "answers.txt"}])
def test_wrong_arguments_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"at least 1|one of yield|files named"):
        aiollm.map(["a"], MODEL, **wrong)


async def test_a_dry_run_estimates_and_sends_nothing(server: ProviderServer) -> None:
    running = job(server, ["x" * 400, "x" * 400, 5, {"prompt": "a", "model": "openai/unheard-of"}], max_tokens=1000)
    found = await running.dry_run()
    assert isinstance(found, Estimate)
    assert (found.requests, found.faulty, found.unpriced) == (3, 1, 1)
    assert 200 < found.prompt_tokens < 260
    assert found.most_tokens == found.prompt_tokens + 3000
    assert found.most_usd == pytest.approx((2 * 112 * 0.15 + 2 * 1000 * 0.6) / 1e6, rel=0.05)
    assert server.log == []


async def test_a_scope_around_the_loop_holds_for_its_requests(server: ProviderServer) -> None:
    server.script(stall(30))
    with aiollm.scope() as scope:
        running = job(server, map(str, range(1000)), concurrency=2)
        waiting = asyncio.ensure_future(anext(running))
        await server.wait_for(lambda: len(server.log) == 2)
        scope.cancel()
        with pytest.raises(aiollm.StreamCancelled):
            await waiting
    assert running.summary().in_flight == 0


async def test_all_answers_of_a_batch_come_in_order_with_errors_in_place(server: ProviderServer) -> None:
    server.enqueue(status(400))
    messages = [[{"role": "user", "content": str(number)}] for number in range(3)]
    options: Any = {"api_base": server.base_url, "api_key": "sk-test", "num_retries": 0, "max_workers": 1}
    first, *others = await aiollm.abatch_completion(MODEL, messages, **options)
    assert isinstance(first, aiollm.BadRequestError)
    assert [answer["choices"][0]["message"]["content"] for answer in others] == ["Fine.", "Fine."]
    assert prompts(server) == ["0", "1", "2"]

"""What one process of a cluster does, without a cluster."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from aiollm import BadRequestError, BatchWorker, Budget, BudgetExceededError, Client, Limiter, StoreError
from aiollm.testing import ProviderServer, reply, stall, status
from tests.jobs.asking import COST, MODEL, USAGE, prompts


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.reply("Fine.", usage=USAGE)
        yield server


Make = Callable[..., BatchWorker]


@pytest.fixture
async def worker(server: ProviderServer) -> AsyncIterator[Make]:
    """What makes workers that ask the server, each request once; they are closed."""
    made: list[BatchWorker] = []

    def make(**options: Any) -> BatchWorker:
        given = {"api_base": server.base_url, "api_key": "sk-test-000", "num_retries": 0} | options
        made.append(BatchWorker(MODEL, **given))
        return made[-1]

    yield make
    for each in made:
        await each.aclose()


async def test_a_batch_is_answered_in_its_order_with_errors_in_place(server: ProviderServer, worker: Make) -> None:
    server.enqueue([stall(0.1), reply("slow")])
    results = await worker().answer(["a", 5, "b"])
    assert [result.index for result in results] == [0, 1, 2]
    assert [result.text for result in results] == ["slow", "", "Fine."]
    assert isinstance(results[1].error, BadRequestError)
    assert await worker().answer([]) == []


async def test_no_more_are_asked_at_a_time_than_may_be_whatever_the_batches(
    server: ProviderServer, worker: Make
) -> None:
    server.script(stall(30))
    asked = worker(concurrency=3, limiter=Limiter())
    batches = [asyncio.ensure_future(asked.answer(map(str, range(10)))) for _ in range(2)]
    await server.wait_for(lambda: len(server.log) == 3)
    for batch in batches:
        batch.cancel()
    await asyncio.wait(batches)
    assert [(await server.wait_for_disconnect(index)).disconnected_by for index in range(3)] == ["client"] * 3
    assert len(server.log) == 3


async def test_a_batch_that_is_given_again_costs_what_was_not_answered(
    server: ProviderServer, worker: Make, tmp_path: Path
) -> None:
    server.enqueue(reply("first"), stall(30))
    path = tmp_path / "answers.sqlite"
    dying = worker(store=path, concurrency=1)
    batch = asyncio.ensure_future(dying.answer(["a", "b", "c"]))
    await server.wait_for(lambda: len(server.log) == 2)
    batch.cancel()
    await asyncio.wait({batch})
    results = await worker(store=path).answer(["a", "b", "c"])
    assert [result.from_store for result in results] == [True, False, False]
    assert sorted(prompts(server)) == ["a", "b", "b", "c"]


async def test_what_ends_a_batch_is_raised_as_it_is_and_ends_the_rest(
    server: ProviderServer, worker: Make, tmp_path: Path
) -> None:
    server.script(stall(30))
    with pytest.raises(StoreError, match="nowhere"):
        await worker(store=tmp_path / "nowhere" / "a.sqlite").answer(["a", "b"])
    assert server.log == []
    poor = worker(client=Client(budget=Budget(tokens=300)), max_tokens=200)
    with pytest.raises(BudgetExceededError):
        await poor.answer(["a", "b"])


async def test_results_go_through_pickle_without_the_key_they_were_asked_with(
    server: ProviderServer, worker: Make
) -> None:
    server.enqueue(status(400))
    pickled = pickle.dumps(await worker(concurrency=1).answer(["a", "b"]))
    assert b"sk-test-000" not in pickled
    failed, answered = pickle.loads(pickled)
    assert isinstance(failed.error, BadRequestError)
    assert (answered.text, answered.cost) == ("Fine.", pytest.approx(COST))


async def test_it_may_be_asked_from_several_loops_and_closes_its_connections(
    server: ProviderServer, worker: Make
) -> None:
    asked = worker(concurrency=1)
    first = await asyncio.to_thread(asyncio.run, asked.answer(["a", "b"]))
    second = await asked.answer(["c"])
    assert [result.text for result in first + second] == ["Fine."] * 3
    assert {request.connection for request in server.log} == {0}
    await asked.aclose()
    assert (await server.wait_for_disconnect(2)).disconnected_by == "client"


def test_wrong_arguments_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="give them to it"):
        BatchWorker(MODEL, client=Client(), limiter=Limiter())
    with pytest.raises(ValueError, match="at least 1"):
        BatchWorker(MODEL, concurrency=0)
    with pytest.raises(ValueError, match="files named"):
        BatchWorker(MODEL, store=tmp_path / "answers.txt")

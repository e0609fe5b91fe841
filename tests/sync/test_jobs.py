"""Jobs for blocking code."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

import aiollm
from aiollm.testing import ProviderServer, reply, stall

MODEL = "openai/gpt-4o-mini"


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer() as server:
        server.reply("Fine.")
        yield server


def options(server: ProviderServer) -> dict[str, Any]:
    return {"api_base": server.base_url, "api_key": "sk-test"}


def test_results_come_to_blocking_code(server: ProviderServer) -> None:
    job = aiollm.map_sync(map(str, range(20)), MODEL, **options(server))
    assert sorted(result.index for result in job) == [*range(20)]
    assert (job.summary().done, job.summary().reason) == (20, "complete")


def test_one_result_at_a_time_and_a_stop(server: ProviderServer) -> None:
    with aiollm.map_sync(map(str, range(1000)), MODEL, concurrency=2, **options(server)) as job:
        assert next(job).ok
        job.stop()
        assert all(result.ok for result in job)
    assert job.summary().reason == "stopped"


def test_leaving_the_loop_closes_the_connections(server: ProviderServer) -> None:
    server.enqueue(reply("first"))
    server.script(stall(30))
    for _ in aiollm.map_sync(map(str, range(1000)), MODEL, concurrency=1, **options(server)):
        server.run(server.wait_for(lambda: len(server.log) == 2))
        break
    assert server.run(server.wait_for_disconnect(1)).disconnected_by == "client"


def test_a_dry_run_sends_nothing(server: ProviderServer) -> None:
    assert aiollm.map_sync(["a", "b"], MODEL, **options(server)).dry_run().requests == 2
    assert server.log == []


async def test_it_works_inside_a_running_loop(server: ProviderServer) -> None:
    assert asyncio.get_running_loop().is_running()
    assert [result.text for result in aiollm.map_sync(["a"], MODEL, **options(server))] == ["Fine."]


def test_a_batch_comes_in_order(server: ProviderServer) -> None:
    messages = [[{"role": "user", "content": str(number)}] for number in range(5)]
    answers = aiollm.batch_completion(MODEL, messages, max_workers=2, **options(server))
    assert [answer["choices"][0]["message"]["content"] for answer in answers] == ["Fine."] * 5

"""Jobs on a real Ray cluster, and the tables of Ray Data."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from aiollm import BatchWorker
from aiollm.jobs.ray import RayAnswers
from aiollm.testing import ProviderServer, status
from tests.jobs.asking import COST, MODEL, USAGE, prompts
from tests.jobs.clusters import LIMIT, check, echo, kill_a_worker
from tests.programs import python
from tests.services.redis import RedisServer

pa = pytest.importorskip("pyarrow")


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.reply("Fine.", usage=USAGE)
        yield server


def answers(server: ProviderServer, **options: object) -> RayAnswers:
    def make() -> BatchWorker:
        return BatchWorker(MODEL, api_base=server.base_url, api_key="sk-test-000", num_retries=0, concurrency=1)

    return RayAnswers(make, **options)


async def test_rows_keep_their_columns_and_get_those_of_their_results(server: ProviderServer) -> None:
    server.enqueue(status(400))
    table = pa.table(
        {"prompt": ["a", "b"], "custom_id": ["1", "2"], "label": pa.array([7, 8], pa.int8()), "key": [0, 0]}
    )
    answered = await answers(server)(table)
    assert answered.schema.field("label").type == pa.int8()
    failed, fine = answered.to_pylist()
    assert (failed["key"], failed["label"], failed["text"], failed["response"]) == ("1", 7, None, None)
    assert "openai answered 400" in failed["error"]
    assert (fine["key"], fine["text"], fine["error"], fine["from_store"]) == ("2", "Fine.", None, False)
    assert (fine["prompt_tokens"], fine["completion_tokens"], fine["cost"]) == (100, 50, pytest.approx(COST))
    assert json.loads(fine["response"])["choices"][0]["message"]["content"] == "Fine."


async def test_a_batch_has_the_same_types_whatever_came_of_it(server: ProviderServer) -> None:
    fine = await answers(server)(pa.table({"prompt": ["a"]}))
    server.script(status(400))
    failed = await answers(server)(pa.table({"prompt": ["a"]}))
    assert fine.schema == failed.schema


async def test_messages_are_asked_without_the_nulls_of_their_neighbours(server: ProviderServer) -> None:
    asked = [[{"role": "user", "content": "a", "name": "Ann"}], [{"role": "user", "content": "b"}]]
    await answers(server)(pa.table({"messages": asked, "prompt": pa.array([None, None], pa.string())}))
    assert sorted((request.json["messages"] for request in server.log), key=str) == sorted(asked, key=str)


async def test_a_function_may_make_the_requests(server: ProviderServer) -> None:
    asking = answers(server, request=lambda row: f"{row['number']} and one?")
    await asking(pa.table({"number": [1, 2]}))
    assert sorted(prompts(server)) == ["1 and one?", "2 and one?"]


async def test_a_batch_of_another_format_is_refused(server: ProviderServer) -> None:
    with pytest.raises(TypeError, match='batch_format="pyarrow"'):
        await answers(server)({"prompt": ["a"]})


@pytest.mark.slow
@pytest.mark.timeout(2 * LIMIT)
def test_a_killed_worker_of_ray_costs_what_it_was_asking(redis_server: RedisServer) -> None:
    """Ray's start takes most of the time: so one cluster has both jobs, of Ray Data and of actors."""
    pytest.importorskip("ray")
    url, names = redis_server.url, [f"test:{uuid.uuid4()}" for _ in range(2)]
    with ProviderServer() as data, ProviderServer() as actors, ThreadPoolExecutor() as threads:
        places = [*zip((data, actors), names, strict=True)]
        for provider, _ in places:
            provider.script(echo)
        arguments = [text for provider, name in places for text in (provider.base_url, name)]
        program = ("-m", "tests.jobs.on_ray", url, *arguments)
        job = threads.submit(python, *program, limit=LIMIT, RAY_USAGE_STATS_ENABLED="0")
        for provider, name in places:
            kill_a_worker(provider, url, name)
        done = job.result()
    assert done.returncode == 0, done.stderr
    printed = [line for line in done.stdout.splitlines() if line.startswith('["q')]  # Ray prints too
    for (provider, name), keys in zip(places, printed, strict=True):
        check(json.loads(keys), provider.log, url, name)

"""Which calls of a router share an answer: those that could have reached the same deployments."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import aiollm
from aiollm.testing import embeddings
from tests.router.deployments import MESSAGES, ask, entry, servers


async def requests_of(*routers: aiollm.Router, model: str = "g", **options: Any) -> None:
    for router in routers:
        await ask(router, model, **options)


def router_of(cache: aiollm.Cache, *entries: dict[str, Any], **settings: Any) -> aiollm.Router:
    return aiollm.Router(entries, cache=cache, **settings)


async def test_a_group_answers_from_its_cache() -> None:
    async with servers(2) as (first, second):
        router = router_of(aiollm.Cache(), entry(first, "a"), entry(second, "b"))
        answers = [await ask(router) for _ in range(4)]
        assert [len(answer.attempts) for answer in answers] == [1, 0, 0, 0]
        assert len(first.log) + len(second.log) == 1


async def test_a_group_shares_one_answer_between_calls_at_the_same_time() -> None:
    async with servers(2) as (first, second):
        router = aiollm.Router([entry(first, "a"), entry(second, "b")], single_flight=True)
        await asyncio.gather(*(ask(router) for _ in range(4)))
        assert len(first.log) + len(second.log) == 1


async def test_vectors_are_kept_too() -> None:
    async with servers(1) as (server,):
        server.script(embeddings([1.0]))
        router = router_of(aiollm.Cache(), entry(server, "a"))
        for _ in range(2):
            await router.aembedding("g", "text")
        assert len(server.log) == 1


OTHERS: dict[str, Any] = {
    "another key": {"api_key": "sk-other"},
    "another model": {"model": "openai/other"},
    "another default": {"temperature": 0.5},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
async def test_routers_whose_groups_are_others_share_nothing(other: dict[str, Any]) -> None:
    async with servers(1) as (server,):
        cache = aiollm.Cache()
        one, two = router_of(cache, entry(server, "a")), router_of(cache, entry(server, "a", **other))
        await requests_of(one, two, one, two)
        assert len(server.log) == 2


async def test_the_order_of_the_list_does_not_matter_and_the_group_does() -> None:
    async with servers(1) as (server,):
        cache, entries = aiollm.Cache(), [entry(server, "a"), entry(server, "b")]
        await requests_of(router_of(cache, *entries), router_of(cache, *reversed(entries)))
        assert len(server.log) == 1
        await requests_of(router_of(cache, *entries, entry(server, "c")), router_of(cache, entries[0]))
        assert len(server.log) == 3


async def test_a_deployment_that_cannot_be_called_is_no_hindrance() -> None:
    async with servers(1) as (server,):
        router = router_of(aiollm.Cache(), entry(server, "a", order=1), _without_key())
        await requests_of(router, router)
        assert len(server.log) == 1


async def test_answers_that_a_deployment_makes_up_are_not_shared() -> None:
    async with servers(1) as (server,):
        router = router_of(aiollm.Cache(), entry(server, "a", mock_response="made up"))
        assert [len((await ask(router)).attempts) for _ in range(2)] == [1, 1]


def _without_key() -> dict[str, Any]:
    return {"model_name": "g", "litellm_params": {"model": "groq/m", "order": 2}, "model_info": {"id": "keyless"}}


async def test_a_client_and_a_router_share_nothing() -> None:
    async with servers(1) as (server,):
        cache = aiollm.Cache()
        await ask(router_of(cache, entry(server, "a")))
        client = aiollm.Client(cache=cache)
        await client.acompletion("openai/a", MESSAGES, api_base=server.base_url, api_key="sk-a")
        assert len(server.log) == 2

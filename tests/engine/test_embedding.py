"""Embeddings through the engine: one request, or one a text, and what may happen on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import aiollm
from aiollm import BadRequestError, RateLimitError, Timeouts, TotalTimeout
from aiollm.testing import ProviderServer, embeddings, silence, status
from tests.engine.calling import pool_facts

TITAN = "bedrock/amazon.titan-embed-text-v2:0"


def titan(server: ProviderServer, given: Any, **options: Any) -> Any:
    where = {"api_base": server.url, "api_key": "key-0000", "aws_region_name": "x-y-1"}
    return aiollm.aembedding(TITAN, given, **where, **{"num_retries": 0} | options)


async def test_a_model_of_one_text_a_request_is_asked_once_for_each() -> None:
    async with ProviderServer() as server:
        server.enqueue(embeddings([1.0], tokens=2), embeddings([2.0], tokens=3))
        response = await titan(server, ["a", "b"], dimensions=256)
    assert [request.json for request in server.log] == [
        {"inputText": "a", "dimensions": 256},
        {"inputText": "b", "dimensions": 256},
    ]
    assert [(item.index, item.embedding) for item in response.data] == [(0, [1.0]), (1, [2.0])]
    assert response.usage.prompt_tokens == response.usage.total_tokens == 5
    assert len({request.connection for request in server.log}) == 1


@pytest.mark.parametrize("tokens", [[1, 2], [[1], [2]]])
async def test_it_takes_no_token_ids(tokens: Any) -> None:
    async with ProviderServer() as server:
        with pytest.raises(BadRequestError, match="bedrock embeds texts, and takes no token ids"):
            await titan(server, tokens)
        assert not server.log


async def test_an_error_after_some_texts_has_the_vectors_so_far() -> None:
    async with ProviderServer() as server:
        server.enqueue(embeddings([1.0]), status(429))
        with pytest.raises(RateLimitError) as caught:
            await titan(server, ["a", "b", "c"])
    assert len(server.log) == 2
    assert [item.embedding for item in caught.value.partial.data] == [[1.0]]


async def test_the_first_error_has_none() -> None:
    async with ProviderServer() as server:
        server.script(status(429))
        with pytest.raises(RateLimitError) as caught:
            await titan(server, ["a", "b"])
    assert caught.value.partial is None


async def test_one_clock_holds_for_all_texts() -> None:
    async with ProviderServer() as server:
        server.enqueue(embeddings([1.0]), silence())
        with pytest.raises(TotalTimeout):
            await titan(server, ["a", "b"], timeout=Timeouts(total=0.3))


async def test_cancelling_closes_the_connection() -> None:
    async with ProviderServer() as server:
        server.script(silence())
        task = asyncio.create_task(titan(server, "a"))
        await server.wait_for_request(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.wait_for_disconnect(0)
        assert pool_facts()["active"] == 0


async def test_a_scope_cancels_it() -> None:
    async with ProviderServer() as server:
        server.script(silence())
        with aiollm.scope() as scope:
            task = asyncio.create_task(titan(server, "a"))
            await server.wait_for_request(0)
            scope.cancel()
            with pytest.raises(aiollm.StreamCancelled):
                await task
        await server.wait_for_disconnect(0)

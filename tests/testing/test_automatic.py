from __future__ import annotations

import json

import aiohttp

from aiollm.testing import ProviderServer
from tests.testing.raw_client import CHAT


async def test_a_chat_completion_is_answered_without_a_script() -> None:
    async with ProviderServer() as server, aiohttp.ClientSession() as client:
        async with client.post(f"{server.base_url}/chat/completions", json={**CHAT, "stream": False}) as response:
            completion = await response.json()
        assert completion["choices"][0]["message"]["content"] == "Hello from the scripted provider."
        async with client.post(
            f"{server.url}/openai/deployments/m/chat/completions?api-version=1", json=CHAT
        ) as response:
            events = (await response.text()).split("\n\n")
    texts = [json.loads(event[6:])["choices"][0]["delta"].get("content", "") for event in events[:-2]]
    assert "".join(texts) == "Hello from the scripted provider."
    assert events[-2:] == ["data: [DONE]", ""]


async def test_the_models_are_listed() -> None:
    async with (
        ProviderServer() as server,
        aiohttp.ClientSession() as client,
        client.get(f"{server.base_url}/models") as response,
    ):
        assert [model["id"] for model in (await response.json())["data"]] == ["scripted"]


async def test_texts_become_vectors_without_a_script() -> None:
    async with (
        ProviderServer() as server,
        aiohttp.ClientSession() as client,
        client.post(f"{server.base_url}/embeddings", json={"model": "m", "input": ["a b", "c"]}) as response,
    ):
        answer = await response.json()
    assert [(item["index"], len(item["embedding"])) for item in answer["data"]] == [(0, 3), (1, 3)]
    assert answer["usage"]["total_tokens"] == 3


async def test_anything_else_is_a_404_that_says_what_to_do() -> None:
    async with (
        ProviderServer() as server,
        aiohttp.ClientSession() as client,
        client.post(f"{server.base_url}/rerank?key=secret", json={"query": "x"}) as response,
    ):
        assert response.status == 404
        message = (await response.json())["error"]["message"]
    assert message == "the scripted provider has no answer for POST /v1/rerank: give it one with script()"

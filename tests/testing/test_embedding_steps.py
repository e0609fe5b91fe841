from __future__ import annotations

import base64
import math
import struct
from typing import Any

import aiohttp
import pytest

from aiollm.testing import ProviderServer, ScriptError, Step, embeddings

OPENAI = "/v1/embeddings"
# A path, a request with two texts (or one), and where the reply has the first vector.
FORMATS: list[tuple[str, Any, Any]] = [
    (OPENAI, {"input": ["a", "b"]}, lambda reply: reply["data"][0]["embedding"]),
    ("/v2/embed", {"texts": ["a", "b"]}, lambda reply: reply["embeddings"]["float"][0]),
    ("/api/embed", {"input": "a"}, lambda reply: reply["embeddings"][0]),
    (
        "/v1beta/models/m:batchEmbedContents",
        {"requests": [{"content": {"parts": [{"text": "a"}]}}]},
        lambda reply: reply["embeddings"][0]["values"],
    ),
    (
        "/models/m:predict",
        {"instances": [{"content": "a"}, {"content": "b"}]},
        lambda reply: reply["predictions"][0]["embeddings"]["values"],
    ),
    ("/model/amazon.titan-embed-text-v2%3A0/invoke", {"inputText": "a"}, lambda reply: reply["embedding"]),
    ("/model/cohere.embed-v4%3A0/invoke", {"texts": ["a"]}, lambda reply: reply["embeddings"]["float"][0]),
    ("/hf-inference/models/o/m/pipeline/feature-extraction", {"inputs": ["a"]}, lambda reply: reply[0]),
]


async def ask(path: str, body: Any, *, step: Step | None = None) -> Any:
    async with ProviderServer() as server, aiohttp.ClientSession() as client:
        if step is not None:
            server.script(step)
        async with client.post(f"{server.url}{path}", json=body) as response:
            assert (response.status, response.content_type) == (200, "application/json")
            return await response.json()


@pytest.mark.parametrize(("path", "body", "first"), FORMATS)
async def test_each_format_is_answered_in_its_own_words(path: str, body: Any, first: Any) -> None:
    vector = first(await ask(path, body))
    assert len(vector) == 3
    assert math.hypot(*vector) == pytest.approx(1)
    assert first(await ask(path, body, step=embeddings([1.0], [2.0]))) == [1.0]


async def test_the_same_text_has_the_same_vector_and_another_has_another() -> None:
    data = (await ask(OPENAI, {"input": ["a", "b", "a"]}))["data"]
    assert data[0]["embedding"] == data[2]["embedding"] != data[1]["embedding"]


@pytest.mark.parametrize("name", ["dimensions", "output_dimension"])
async def test_the_length_that_is_asked_for_is_given(name: str) -> None:
    data = (await ask(OPENAI, {"input": [1, 2], name: 40}))["data"]
    assert [len(item["embedding"]) for item in data] == [40]


async def test_base64_is_floats_of_32_bits() -> None:
    body = {"input": "a", "encoding_format": "base64"}
    reply = await ask(OPENAI, body, step=embeddings([0.5, -2.0], tokens=9))
    packed = base64.b64decode(reply["data"][0]["embedding"])
    assert struct.unpack("<2f", packed) == (0.5, -2.0)
    assert reply["usage"] == {"prompt_tokens": 9, "total_tokens": 9}


async def refused_by_the_script(path: str) -> None:
    async with ProviderServer() as server, aiohttp.ClientSession() as client:
        server.script(embeddings())
        with pytest.raises(aiohttp.ClientError):
            await client.post(f"{server.url}{path}", json={"messages": []})


async def test_a_request_for_no_vectors_is_a_fault_of_the_script() -> None:
    with pytest.raises(ScriptError, match="POST /v1/chat/completions: it asks for no vectors"):
        await refused_by_the_script("/v1/chat/completions")

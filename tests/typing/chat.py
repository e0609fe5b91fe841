"""What a type checker sees of the calls users write: checked by mypy and pyright, never run."""

from typing import assert_type

import aiollm

MESSAGES = [{"role": "user", "content": "Hello"}]


async def a_whole_answer() -> None:
    response = await aiollm.acompletion(model="openai/gpt-4o", messages=MESSAGES)
    assert_type(response, aiollm.ModelResponse)


async def a_streamed_answer() -> None:
    stream = await aiollm.acompletion(model="openai/gpt-4o", messages=MESSAGES, stream=True)
    async for chunk in stream:
        assert_type(chunk, aiollm.ModelResponseStream)
        assert_type(chunk.choices[0].delta.content, str | None)


def a_whole_answer_without_asyncio() -> None:
    response = aiollm.completion(model="openai/gpt-4o", messages=MESSAGES)
    assert_type(response, aiollm.ModelResponse)


def a_streamed_answer_without_asyncio() -> None:
    for chunk in aiollm.completion(model="openai/gpt-4o", messages=MESSAGES, stream=True):
        assert_type(chunk, aiollm.ModelResponseStream)


async def a_whole_response() -> None:
    response = await aiollm.aresponses("Hello", "openai/gpt-4o", max_output_tokens=5)
    assert_type(response, aiollm.ResponsesAPIResponse)
    assert_type(response.output_text, str)


async def a_streamed_response() -> None:
    stream = await aiollm.aresponses(input=MESSAGES, model="openai/gpt-4o", stream=True, reasoning={"effort": "low"})
    assert_type(stream, aiollm.EventStream)
    async for event in stream:
        assert_type(event, aiollm.ResponsesStreamEvent)


def a_response_without_asyncio() -> None:
    assert_type(aiollm.responses("Hello", "openai/gpt-4o"), aiollm.ResponsesAPIResponse)
    for event in aiollm.responses("Hello", "openai/gpt-4o", stream=True):
        assert_type(event, aiollm.ResponsesStreamEvent)


async def vectors() -> None:
    response = await aiollm.aembedding("text-embedding-3-small", ["a", "b"], dimensions=8)
    assert_type(response, aiollm.EmbeddingResponse)
    assert_type(response.data[0].embedding, list[float] | str)


def vectors_without_asyncio() -> None:
    assert_type(
        aiollm.embedding(model="cohere/embed-v4.0", input="a", input_type="search_query"), aiollm.EmbeddingResponse
    )


class OwnStore:
    """A store of a user's own."""

    async def get(self, key: str) -> bytes | None:
        return None

    async def put(self, key: str, value: bytes, ttl: float | None) -> None: ...

    async def delete(self, key: str) -> None: ...

    async def aclose(self) -> None: ...


def a_cache_takes_a_store_of_ones_own() -> None:
    client = aiollm.Client(cache=aiollm.Cache(OwnStore(), ttl=60), single_flight=True)
    assert_type(client.completion(model="openai/gpt-4o", messages=MESSAGES, cache={"ttl": 5}), aiollm.ModelResponse)

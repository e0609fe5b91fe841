"""What the pages say of the objects, on every object."""

import re
from typing import Any, get_type_hints

import pytest

import aiollm
from aiollm import ChunkStream, Delta, ModelResponseStream, StreamingChoices
from aiollm.testing import ProviderServer

ASKED: Any = {"model": "gpt-4", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
WITH_USAGE: Any = {**ASKED, "stream_options": {"include_usage": True}}
COUNTS = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


@pytest.fixture(autouse=True)
def answer(server: ProviderServer) -> None:
    server.reply("Hello there", usage=COUNTS)


def test_every_chunk_is_read_by_attribute_and_by_item() -> None:
    by_attribute, by_item = [], []
    for chunk in aiollm.completion(**WITH_USAGE):
        by_attribute.append(chunk.choices[0].delta.content or "")
        by_item.append(chunk["choices"][0]["delta"].get("content") or "")
    assert by_attribute == by_item == ["", "Hello", " there", "", ""]


def test_one_more_chunk_carries_the_usage_and_the_others_carry_null() -> None:
    *others, last = aiollm.completion(**WITH_USAGE)
    assert [chunk.usage for chunk in others] == [None] * 4
    assert [chunk.model_dump()["usage"] for chunk in others] == [None] * 4
    assert [len(chunk["choices"]) for chunk in others] == [1] * 4
    assert len(last["choices"]) == 0
    assert list(last.choices) == []
    assert last.model_dump()["choices"] == []
    assert last.model_dump()["usage"] == COUNTS


def test_the_usage_is_found_by_a_loop_that_looks_for_it_on_every_chunk() -> None:
    chunks = [*aiollm.completion(**WITH_USAGE)]
    found = [chunk.usage.total_tokens for chunk in chunks if hasattr(chunk, "usage") and chunk.usage]
    assert found == [12]


def test_without_asking_no_chunk_shows_a_usage() -> None:
    chunks = [*aiollm.completion(**ASKED)]
    assert len(chunks) == 4
    assert not any("usage" in chunk.model_dump() for chunk in chunks)
    assert not any(hasattr(chunk, "usage") and chunk.usage for chunk in chunks)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (ModelResponseStream, "id choices created model system_fingerprint"),
        (StreamingChoices, "finish_reason index delta"),
        (Delta, "content role tool_calls"),
    ],
)
def test_the_listed_fields_are_there(kind: type, fields: str) -> None:
    assert {*fields.split()} <= {*get_type_hints(kind)}
    assert {*fields.split()} <= {*kind().model_dump()}


def test_the_chunks_of_a_stream_share_its_identity() -> None:
    chunks = [*aiollm.completion(**WITH_USAGE)]
    assert {type(chunk) for chunk in chunks} == {ModelResponseStream}
    assert {(chunk.id, chunk.created, chunk.model) for chunk in chunks} == {
        (chunks[0].id, chunks[0].created, "gpt-4"),
    }


async def test_an_asynchronous_stream_iterates_with_async_for_and_by_anext() -> None:
    stream = await aiollm.acompletion(**ASKED)
    assert isinstance(stream, ChunkStream)
    first = await stream.__anext__()
    rest = [chunk async for chunk in stream]
    assert [chunk.choices[0].delta.content for chunk in (first, *rest)] == ["", "Hello", " there", None]


async def test_a_plain_for_over_an_asynchronous_stream_says_async_for() -> None:
    async with await aiollm.acompletion(**ASKED) as stream:
        with pytest.raises(TypeError, match=re.escape("`async for`")):
            list(stream)

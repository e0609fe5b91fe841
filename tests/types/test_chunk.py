from __future__ import annotations

import copy
import json
import pickle

import pytest

from aiollm.types.chunk import Delta, ModelResponseStream, NoChoices, StreamingChoices


def test_no_choices_are_none_and_yet_have_a_first() -> None:
    none = NoChoices()
    assert (len(none), list(none), bool(none), none == []) == (0, [], False, True)
    assert none[0].delta.content is None
    assert none[-1]["delta"].get("content") is None
    assert none[0].finish_reason is None
    assert none[:1] == []


@pytest.mark.parametrize("index", [1, -2, 5])
def test_no_choices_have_no_second(index: int) -> None:
    with pytest.raises(IndexError):
        NoChoices()[index]


def test_no_choices_serialise_as_an_empty_list() -> None:
    chunk = ModelResponseStream(id="x")
    assert chunk.model_dump()["choices"] == []
    assert json.loads(chunk.model_dump_json())["choices"] == []


@pytest.mark.parametrize(
    "chunk",
    [
        ModelResponseStream(),
        ModelResponseStream(choices=[]),
        copy.deepcopy(ModelResponseStream()),
        copy.copy(ModelResponseStream()),
        pickle.loads(pickle.dumps(ModelResponseStream())),
        ModelResponseStream(**ModelResponseStream().model_dump()),
    ],
)
def test_every_chunk_without_choices_can_be_indexed(chunk: ModelResponseStream) -> None:
    assert chunk.choices[0].delta.content is None
    assert chunk["choices"][0]["delta"]["content"] is None
    assert len(chunk.choices) == 0


def test_choices_that_were_added_are_the_choices() -> None:
    choices = NoChoices()
    choices.append(StreamingChoices(index=3))
    assert choices[0].index == 3


def test_a_chunk_is_made_from_nested_dicts() -> None:
    chunk = ModelResponseStream(
        choices=[{"delta": {"content": "a"}, "logprobs": {"content": [{"token": "a", "logprob": -1}]}}]
    )
    assert chunk.choices[0].delta.content == "a"
    assert chunk.choices[0].logprobs.content[0].logprob == -1
    assert chunk.object == "chat.completion.chunk"


def test_pieces_of_tool_calls_are_numbered_where_they_are_not() -> None:
    delta = Delta(
        tool_calls=[{"id": "a", "function": {"name": "f"}}, {"id": "b", "index": None}, {"id": "c", "index": 7}]
    )
    assert [call.index for call in delta.tool_calls] == [0, 1, 7]

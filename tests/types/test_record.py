"""Objects by attribute and by item."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from aiollm.types.chunk import Delta, ModelResponseStream, StreamingChoices
from aiollm.types.record import MissingField, Record
from aiollm.types.response import Choices, Message, ModelResponse
from aiollm.types.tools import Function
from aiollm.types.usage import Usage
from tests.dialects.reading import read

PAYLOADS = [
    b'{"id":"c","created":7,"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}',
    b'{"id":"c","created":7,"provider":"P","extra":null,"choices":[{"index":0,"stop":{"a":1},"delta":{"content":"Hi","words":[1]}}]}',
    b'{"id":"c","created":7,"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}',
]


def chunks(**asked: Any) -> list[ModelResponseStream]:
    body = b"".join(b"data: " + payload + b"\n\n" for payload in PAYLOADS)
    return read([body + b"data: [DONE]\n\n"], **asked).chunks


RECORDS: list[Record] = [
    Delta(content="a", words=[1, {"b": None}]),
    StreamingChoices(index=1, delta=Delta(tool_calls=[{"id": "x", "function": {"name": "f", "arguments": "{"}}])),
    Message(content=None, tool_calls=[{"id": "x", "function": {"name": "f", "arguments": {"a": 1}}}]),
    ModelResponse(
        id="r", choices=[{"message": {"content": "x"}, "finish_reason": "length"}], usage={"prompt_tokens": 1}
    ),
    Usage(prompt_tokens=1, cost=0.5, prompt_tokens_details={"cached_tokens": 3}),
    *chunks(),
]
record = pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)


def test_the_ways_of_reading_a_chunk_agree() -> None:
    chunk = chunks()[1]
    assert chunk.choices[0].delta.content == "Hi"
    assert chunk["choices"][0]["delta"]["content"] == "Hi"
    assert chunk.get("choices")[0].get("delta").get("content") == "Hi"
    assert len(chunk["choices"]) == 1
    assert "choices" in chunk
    assert "nothing" not in chunk


def test_fields_of_a_provider_are_read_like_others_at_every_level() -> None:
    chunk = chunks()[1]
    assert (chunk.provider, chunk["provider"], chunk.get("provider"), "provider" in chunk) == ("P", "P", "P", True)
    assert (chunk.extra, "extra" in chunk) == (None, True)
    assert chunk.choices[0].stop == {"a": 1}
    assert chunk.choices[0].delta["words"] == [1]


@record
def test_a_missing_field_is_an_attribute_error_and_a_key_error(record: Record) -> None:
    for kind in (AttributeError, KeyError, MissingField):
        with pytest.raises(kind, match=f"'{type(record).__name__}' has no field 'nothing'"):
            _ = record.nothing
        with pytest.raises(kind):
            record["nothing"]
    assert record.get("nothing") is None
    assert record.get("nothing", 5) == 5
    assert not hasattr(record, "nothing")


def test_fields_that_are_always_there_are_so_as_none() -> None:
    delta = Delta()
    assert dict(delta) == dict.fromkeys(["content", "role", "tool_calls", "function_call", "audio"])
    assert "content" in delta
    assert "reasoning_content" not in delta
    assert hasattr(delta, "content")


def test_usage_is_part_of_a_chunk_only_when_it_was_asked_for() -> None:
    *others, last = chunks(include_usage=True)
    assert [("usage" in chunk, chunk.usage, chunk.model_dump()["usage"]) for chunk in others] == [
        (True, None, None)
    ] * len(others)
    assert last.usage.total_tokens == 3
    assert all("usage" not in chunk and "usage" not in chunk.model_dump() for chunk in chunks(include_usage=False))
    assert [bool(hasattr(chunk, "usage") and chunk.usage) for chunk in chunks(include_usage=True)] == [False] * len(
        others
    ) + [True]


@record
def test_a_dump_is_plain_and_the_same_under_each_of_its_names(record: Record) -> None:
    dump = record.model_dump()
    assert dump == record.json() == record.dict() == record.to_dict()
    assert json.loads(record.model_dump_json()) == json.loads(json.dumps(dump)) == dump
    assert json.loads(record.model_dump_json(indent=2)) == dump
    assert "\n" in record.model_dump_json(indent=2)
    assert list(record) == record.keys() == list(dump)
    assert len(record) == len(dump)
    assert {**record} == dict(record.items()) == dict(record)


@record
def test_a_dump_makes_the_same_record_again(record: Record) -> None:
    dump = record.model_dump()
    again = type(record)(**dump)
    # A null `usage` says that usage was asked for, and who asked is not in the dump.
    assert again.model_dump() == {name: value for name, value in dump.items() if (name, value) != ("usage", None)}


def test_exclude_none_drops_fields_at_every_level_and_nothing_in_values() -> None:
    response = ModelResponse(id="r", choices=[Choices(message=Message(content="x", odd=[{"a": None}]))])
    dump = response.model_dump(exclude_none=True)
    assert dump["choices"][0]["message"] == {"content": "x", "role": "assistant", "odd": [{"a": None}]}
    assert "system_fingerprint" not in dump
    assert "null" not in ModelResponse(id="r").model_dump_json(exclude_none=True)


def test_names_can_be_excluded_from_a_dump() -> None:
    assert "id" not in ModelResponse(id="r").model_dump(exclude={"id"})


@record
@pytest.mark.parametrize(
    "twin",
    [
        copy.copy,
        copy.deepcopy,
        lambda record: pickle.loads(pickle.dumps(record)),
        lambda record: record.model_copy(deep=True),
    ],
)
def test_a_copy_is_equal_and_stays_so_when_either_is_read(record: Record, twin: Any) -> None:
    other = twin(record)
    assert other == record
    assert type(other) is type(record)
    repr(record)
    assert other == record
    repr(other)
    assert other == record
    assert other.model_dump() == record.model_dump()


def test_a_copy_keeps_what_is_hidden() -> None:
    chunk = chunks()[1]
    for other in (copy.copy(chunk), copy.deepcopy(chunk), pickle.loads(pickle.dumps(chunk))):
        assert other._hidden_params == chunk._hidden_params
        assert ("usage" in other) == ("usage" in chunk)


def test_a_deep_copy_shares_nothing_that_can_change() -> None:
    message = Message(content="x", odd={"a": [1]}, tool_calls=[{"id": "i", "function": {"name": "f"}}])
    twin = copy.deepcopy(message)
    twin.odd["a"].append(2)
    twin.tool_calls[0].function.name = "g"
    assert message.odd == {"a": [1]}
    assert message.tool_calls[0].function.name == "f"


def test_equality_sees_values_and_type() -> None:
    assert Delta(content="a") == Delta(content="a") != Delta(content="b")
    assert Delta(content="a", x=1) != Delta(content="a")
    assert Delta(content="a") != {"content": "a"}
    assert Message() != Delta()
    with pytest.raises(TypeError):
        hash(Delta())


def test_a_field_whose_name_begins_like_a_private_one_is_a_field() -> None:
    delta = Delta(content="a", __verbose={"x": 1})
    assert (delta["__verbose"], getattr(delta, "__verbose"), delta.model_dump()["__verbose"]) == (
        {"x": 1},
        {"x": 1},
        {"x": 1},
    )
    assert "__verbose" in repr(delta)
    assert not hasattr(delta, "_nothing")


def test_items_can_be_set() -> None:
    delta = Delta(content="a")
    delta["content"] = "b"
    delta["odd"] = 1
    assert (delta.content, delta.odd, delta["odd"]) == ("b", 1, 1)
    shared = copy.copy(delta)
    shared["odd"] = 2
    assert delta.odd == 1


def test_a_model_copy_takes_changes() -> None:
    changed = Message(content="a").model_copy(update={"content": "b", "odd": 1})
    assert (changed.content, changed.odd) == ("b", 1)


def test_a_repr_names_the_class_and_what_is_set() -> None:
    assert repr(Function(name="f")) == "Function(arguments='', name='f')"
    assert str(Delta(content="a", odd=1)).endswith("odd=1)")


def test_a_record_is_true_even_when_it_is_empty() -> None:
    assert Record()
    assert len(Record()) == 0


def test_unreadable_bytes_in_a_field_nobody_knew_are_replaced() -> None:
    body = b"".join(
        b"data: " + payload + b"\n\n" for payload in (PAYLOADS[0], PAYLOADS[1].replace(b'"P"', b'"\xff"'), PAYLOADS[2])
    )
    reading = read([body])
    assert reading.error is None
    assert reading.chunks[1].provider == "\ufffd"


def test_a_record_takes_any_names_but_those_of_its_own_workings() -> None:
    record = Message(content="a", cls=1, self=2, _rest="x")
    assert record.model_dump(exclude_none=True) == {"content": "a", "role": "assistant", "cls": 1, "self": 2}
    assert ModelResponse(_error="x", _origin="y")._hidden_params == {}


def test_a_providers_field_may_have_the_name_of_a_method() -> None:
    record = Record(keys=["PRINTSCREEN"], items=3, json=None)
    assert record["keys"] == ["PRINTSCREEN"]
    assert record.get("items") == 3
    assert record.model_dump() == {"keys": ["PRINTSCREEN"], "items": 3, "json": None}
    assert record == record.model_copy()

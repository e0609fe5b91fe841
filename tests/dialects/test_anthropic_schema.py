"""JSON schemas as Claude's structured answers take them."""

from typing import Any

import pytest

from aiollm.dialects.anthropic_schema import strict_schema

OPEN = {"type": "object", "properties": {}, "additionalProperties": True}


def test_an_object_is_closed_at_every_depth() -> None:
    inner = {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}
    schema = {
        "type": "object",
        "properties": {"a": inner, "many": {"type": "array", "items": inner}, "one": {"$ref": "#/$defs/D"}},
        "$defs": {"D": inner},
    }
    closed = inner | {"additionalProperties": False}
    assert strict_schema(schema) == {
        "type": "object",
        "properties": {"a": closed, "many": {"type": "array", "items": closed}, "one": {"$ref": "#/$defs/D"}},
        "$defs": {"D": closed},
        "additionalProperties": False,
    }


def test_a_limit_that_is_refused_is_told_in_words() -> None:
    schema = {"type": "integer", "minimum": 1, "maximum": 9, "description": "How many"}
    assert strict_schema(schema) == {"type": "integer", "description": "How many\n\n{minimum: 1, maximum: 9}"}


def test_a_name_of_a_member_is_never_taken_for_a_limit() -> None:
    schema = {"type": "object", "properties": {"minimum": {"type": "number"}}}
    strict = strict_schema(schema)
    assert strict is not None
    assert strict["properties"] == {"minimum": {"type": "number"}}


@pytest.mark.parametrize("kind", ["anyOf", "oneOf"])
def test_one_of_several_is_any_of_them(kind: str) -> None:
    assert strict_schema({kind: [{"type": "null"}, {"type": "string", "format": "date"}]}) == {
        "anyOf": [{"type": "null"}, {"type": "string", "format": "date"}]
    }


@pytest.mark.parametrize(
    "schema",
    [
        OPEN,
        {"type": "array", "items": OPEN},
        {"anyOf": [{"type": "null"}, OPEN]},
        {"type": "object", "properties": {"a": OPEN}},
        {"type": "object", "additionalProperties": {"type": "string"}},
    ],
)
def test_an_object_that_is_open_on_purpose_cannot_be_closed(schema: dict[str, Any]) -> None:
    assert strict_schema(schema) is None


def test_an_object_that_may_be_null_is_closed_too() -> None:
    schema = {"type": ["object", "null"]}
    assert strict_schema(schema) == schema | {"additionalProperties": False}

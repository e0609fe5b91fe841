"""JSON Schema as the subset that older models take."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.gemini_schema import openapi_schema
from aiollm.exceptions import BadRequestError


@pytest.mark.parametrize(
    ("schema", "plain"),
    [
        ({"type": "object", "additionalProperties": False, "$schema": "x", "strict": True}, {"type": "object"}),
        ({"type": ["string", "null"], "title": "t"}, {"title": "t", "type": "string", "nullable": True}),
        (
            {"type": ["string", "integer"]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        ),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, {"type": "integer", "nullable": True}),
        ({"const": "a", "type": "string"}, {"type": "string", "enum": ["a"]}),
        (
            {
                "$defs": {"P": {"type": "object", "properties": {"x": {"type": "number"}}}},
                "items": {"$ref": "#/$defs/P"},
            },
            {"items": {"type": "object", "properties": {"x": {"type": "number"}}}},
        ),
        (
            {"definitions": {"P": {"type": "string"}}, "properties": {"a": {"$ref": "#/definitions/P", "title": "A"}}},
            {"properties": {"a": {"type": "string", "title": "A"}}},
        ),
        ({"items": True}, {"items": {}}),
    ],
)
def test_a_schema_keeps_what_the_subset_has(schema: dict[str, Any], plain: dict[str, Any]) -> None:
    assert openapi_schema(schema, "response_format") == plain


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({"$ref": "#/$defs/Gone"}, "is not defined"),
        ({"$defs": {"T": {"items": {"$ref": "#/$defs/T"}}}, "$ref": "#/$defs/T"}, "refers to itself"),
    ],
)
def test_a_reference_that_cannot_be_written_out_is_refused(schema: dict[str, Any], fault: str) -> None:
    with pytest.raises(BadRequestError, match=fault) as caught:
        openapi_schema(schema, "tools[0].function.parameters")
    assert caught.value.param == "tools[0].function.parameters"

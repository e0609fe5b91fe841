"""Tools and the choice between them."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.gemini_tools import tool_members
from aiollm.exceptions import BadRequestError

SCHEMA = {"$schema": "s", "type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}}
PLAIN = {name: value for name, value in SCHEMA.items() if name != "$schema"}


def declared(tool: dict[str, Any], *, raw_schema: bool = True) -> dict[str, Any]:
    (sent,) = tool_members({"tools": [tool]}, None, raw_schema=raw_schema)["tools"]
    return sent["functionDeclarations"][0]  # type: ignore[no-any-return]


def test_a_function_is_declared_with_its_schema() -> None:
    assert declared(TOOL) == {"name": "f", "description": "d", "parametersJsonSchema": PLAIN}


def test_an_older_model_gets_the_subset() -> None:
    assert declared(TOOL, raw_schema=False)["parameters"] == {"type": "object", "properties": PLAIN["properties"]}


def test_a_schema_of_googles_own_is_left_alone() -> None:
    schema = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}
    assert declared({"type": "function", "function": {"name": "f", "parameters": schema}}) == {
        "name": "f",
        "parameters": schema,
    }


@pytest.mark.parametrize("schema", [None, {}, {"type": "object", "properties": {}}])
def test_a_function_without_parameters(schema: Any) -> None:
    sent = declared({"type": "function", "function": {"name": "f", "parameters": schema}}, raw_schema=False)
    assert sent == {"name": "f"}


def test_googles_own_tools_are_passed_on() -> None:
    members = tool_members(
        {"tools": [{"googleSearch": {}}, TOOL, {"url_context": {}}], "web_search_options": {}}, None, raw_schema=True
    )
    assert [next(iter(tool)) for tool in members["tools"]] == [
        "functionDeclarations",
        "googleSearch",
        "url_context",
        "googleSearch",
    ]


def test_the_older_form_of_functions() -> None:
    members = tool_members({"functions": [{"name": "f"}], "function_call": {"name": "f"}}, None, raw_schema=True)
    assert members == {
        "tools": [{"functionDeclarations": [{"name": "f"}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
    }


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", {"mode": "AUTO"}),
        ("required", {"mode": "ANY"}),
        ("none", {"mode": "NONE"}),
        ("validated", {"mode": "VALIDATED"}),
        ({"type": "function", "function": {"name": "f"}}, {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
            },
            {"mode": "VALIDATED", "allowedFunctionNames": ["f"]},
        ),
    ],
)
def test_a_choice_is_a_mode(choice: Any, sent: dict[str, Any]) -> None:
    assert tool_members({"tool_choice": choice}, {"retrievalConfig": {}}, raw_schema=True) == {
        "toolConfig": {"retrievalConfig": {}, "functionCallingConfig": sent}
    }


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"tools": [TOOL, {"type": "web_search"}]}, "tools[1]"),
        ({"tools": [{}]}, "tools[0]"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tool_choice": "sometimes"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice"),
    ],
)
def test_what_has_no_form_is_named(parameters: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        tool_members(parameters, None, raw_schema=True)
    assert caught.value.param == param

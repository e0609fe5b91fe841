"""OpenAI's parameters, as members of a request to Claude."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.anthropic_models import model_facts
from aiollm.dialects.anthropic_parameters import ANSWER_TOOL, answers_by_tool, member_parameters
from aiollm.exceptions import BadRequestError

BUDGETS, ADAPTIVE, NEWEST = "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-5"
FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"a": {}}}, "strict": True}
TOOL = {"name": "f", "description": "d", "input_schema": FUNCTION["parameters"], "strict": True}
CACHED = {"cache_control": {"type": "ephemeral"}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}


def members(model: str = BUDGETS, *, drop: bool = False, **params: Any) -> dict[str, Any]:
    return member_parameters(params, model_facts(model), drop=drop)


def fault(**params: Any) -> str:
    with pytest.raises(BadRequestError) as caught:
        members(**params)
    assert caught.value.param in params
    return str(caught.value)


def test_the_length_is_always_said() -> None:
    assert members() == {"max_tokens": 64_000}
    assert members(max_tokens=5) == members(max_completion_tokens=5) == {"max_tokens": 5}


def test_what_has_no_other_name_stays_as_it_is() -> None:
    assert members(temperature=0.5, top_k=3, max_tokens=1) == {"temperature": 0.5, "top_k": 3, "max_tokens": 1}


# -- tools


def test_a_function_is_a_tool_with_its_schema() -> None:
    assert members(tools=[{"type": "function", "function": FUNCTION, **CACHED}])["tools"] == [{**TOOL, **CACHED}]
    assert members(functions=[FUNCTION])["tools"] == [TOOL]


@pytest.mark.parametrize("parameters", [{}, {"parameters": None}, {"parameters": {}}])
def test_a_function_without_parameters_takes_an_empty_object(parameters: dict[str, Any]) -> None:
    (tool,) = members(tools=[{"type": "function", "function": {"name": "f", **parameters}}])["tools"]
    assert tool == {"name": "f", "input_schema": {"type": "object", "properties": {}}}


def test_a_tool_of_anthropics_own_stays_as_it_is() -> None:
    own = {"type": "web_search_20250305", "name": "web_search", "max_uses": 2}
    assert members(tools=[own])["tools"] == [own]


def test_a_search_that_is_asked_for_in_openais_words_is_a_tool() -> None:
    place = {"type": "approximate", "approximate": {"city": "Oslo", "country": "NO"}}
    (tool,) = members(web_search_options={"search_context_size": "high", "user_location": place})["tools"]
    assert tool == {
        "type": "web_search_20250305",
        "name": "web_search",
        "max_uses": 10,
        "user_location": {"type": "approximate", "city": "Oslo", "country": "NO"},
    }
    assert members(web_search_options={})["tools"] == [{"type": "web_search_20250305", "name": "web_search"}]


@pytest.mark.parametrize("tool", [{"type": "custom", "custom": {"name": "x"}}, {"type": "function", "function": {}}])
def test_a_tool_that_cannot_be_said_is_refused(tool: dict[str, Any]) -> None:
    assert "tools has a" in fault(tools=[tool])


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "f"}}, {"type": "tool", "name": "f"}),
        ({"type": "tool", "name": "f"}, {"type": "tool", "name": "f"}),
        ({"type": "any"}, {"type": "any"}),
    ],
)
def test_the_choice_of_a_tool_has_other_names(choice: Any, expected: dict[str, Any]) -> None:
    assert members(tool_choice=choice)["tool_choice"] == expected


def test_the_older_choice_of_a_function_is_one_too() -> None:
    assert members(function_call={"name": "f"})["tool_choice"] == {"type": "tool", "name": "f"}


@pytest.mark.parametrize("choice", ["some", {"type": "allowed_tools"}, {"type": "function", "function": {}}])
def test_a_choice_that_cannot_be_said_is_refused(choice: Any) -> None:
    assert "tool_choice must" in fault(tool_choice=choice)


def test_one_call_at_a_time_is_part_of_the_choice() -> None:
    assert members(parallel_tool_calls=False)["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    forced = members(parallel_tool_calls=False, tool_choice="required")["tool_choice"]
    assert forced == {"type": "any", "disable_parallel_tool_use": True}
    assert members(parallel_tool_calls=False, tool_choice="none")["tool_choice"] == {"type": "none"}
    assert "tool_choice" not in members(parallel_tool_calls=True)


# -- the rest


def test_stops_are_a_list() -> None:
    assert members(stop="x")["stop_sequences"] == ["x"]
    assert members(stop=["x", "\n"])["stop_sequences"] == ["x", "\n"]
    assert members(stop=["x", "\n"], drop=True)["stop_sequences"] == ["x"]
    assert "stop_sequences" not in members(stop="\n", drop=True)


@pytest.mark.parametrize(("tier", "sent"), [("auto", "auto"), ("default", "standard_only"), ("flex", "flex")])
def test_the_usual_tier_has_another_name(tier: str, sent: str) -> None:
    assert members(service_tier=tier)["service_tier"] == sent


def test_the_user_is_a_note_unless_it_is_a_person() -> None:
    assert members(user="u-17")["metadata"] == members(safety_identifier="u-17")["metadata"] == {"user_id": "u-17"}
    for person in ("ann@example.org", "+47 22 33 44 55"):
        assert "metadata" not in members(user=person)


# -- thinking


@pytest.mark.parametrize(
    ("effort", "budget"),
    [("minimal", 1024), ("low", 1024), ("medium", 2048), ("high", 4096), ("xhigh", 8192), ("max", 16_384)],
)
def test_an_effort_is_a_budget_of_tokens(effort: str, budget: int) -> None:
    asked = members(reasoning_effort=effort)
    assert asked == {"max_tokens": 64_000, "thinking": {"type": "enabled", "budget_tokens": budget}}


def test_the_length_leaves_room_for_an_answer_after_thinking() -> None:
    assert members("some-model", reasoning_effort="high")["max_tokens"] == 4096 + 4096


def test_a_budget_stays_below_the_length_that_is_asked_for() -> None:
    assert members(reasoning_effort="high", max_tokens=3000)["thinking"]["budget_tokens"] == 2999
    assert members(reasoning_effort="high", max_tokens=1024) == {"max_tokens": 1024}


@pytest.mark.parametrize("effort", ["none", "default"])
@pytest.mark.parametrize("model", [BUDGETS, ADAPTIVE])
def test_no_effort_is_no_thinking(model: str, effort: str) -> None:
    assert members(model, reasoning_effort=effort, max_tokens=5) == {"max_tokens": 5}


@pytest.mark.parametrize(("effort", "sent"), [("minimal", "low"), ("high", "high"), ("max", "max")])
def test_an_adaptive_model_is_told_the_effort(effort: str, sent: str) -> None:
    asked = members(ADAPTIVE, reasoning_effort=effort, max_tokens=5)
    assert asked == {
        "max_tokens": 5,
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": sent},
    }


def test_an_effort_may_be_described() -> None:
    asked = members(reasoning_effort={"effort": "low", "summary": "auto"})
    assert asked["thinking"]["budget_tokens"] == 1024


def test_an_unknown_effort_is_refused() -> None:
    assert "reasoning_effort must be one of" in fault(reasoning_effort="much")


def test_thinking_in_anthropics_own_words_wins() -> None:
    own = {"type": "enabled", "budget_tokens": 5000}
    assert members(thinking=own, reasoning_effort="low")["thinking"] == own
    assert members(NEWEST, thinking=own)["thinking"] == {"type": "adaptive", "display": "summarized"}


# -- schemas


def test_a_schema_is_a_format_of_the_answer() -> None:
    asked = members(response_format=FORMAT, reasoning_effort="high")
    strict = SCHEMA | {"additionalProperties": False}
    assert asked["output_config"] == {"format": {"type": "json_schema", "schema": strict}}
    assert not answers_by_tool({"response_format": FORMAT}, model_facts(BUDGETS))


def test_an_effort_and_a_schema_stand_side_by_side() -> None:
    asked = members(ADAPTIVE, response_format=FORMAT, reasoning_effort="high")
    assert asked["output_config"].keys() == {"effort", "format"}


def test_an_older_model_answers_by_a_forced_tool() -> None:
    asked = members("claude-3-7-sonnet-latest", response_format=FORMAT, max_tokens=5)
    assert asked["tool_choice"] == {"type": "tool", "name": ANSWER_TOOL}
    assert [(tool["name"], tool["input_schema"]) for tool in asked["tools"]] == [(ANSWER_TOOL, SCHEMA)]
    assert answers_by_tool({"response_format": FORMAT}, model_facts("claude-3-7-sonnet-latest"))


def test_a_schema_that_is_open_on_purpose_is_answered_by_a_tool() -> None:
    loose = {"type": "json_schema", "json_schema": {"schema": {"type": "object", "additionalProperties": True}}}
    assert members(response_format=loose)["tool_choice"] == {"type": "tool", "name": ANSWER_TOOL}


def test_with_other_tools_at_hand_one_of_all_is_forced() -> None:
    asked = members("claude-3-haiku", response_format=FORMAT, functions=[FUNCTION])
    assert asked["tool_choice"] == {"type": "any"}
    assert [tool["name"] for tool in asked["tools"]] == ["f", ANSWER_TOOL]


def test_no_tool_is_forced_on_a_model_that_thinks() -> None:
    asked = members("claude-sonnet-4-0", response_format=FORMAT, reasoning_effort="low")
    assert "tool_choice" not in asked


@pytest.mark.parametrize("kind", ["text", "json_object"])
def test_a_format_without_a_schema_is_left_to_the_prompt(kind: str) -> None:
    assert members(response_format={"type": kind}, max_tokens=5) == {"max_tokens": 5}


def test_a_schema_that_is_not_there_is_refused() -> None:
    assert "json_schema.schema" in fault(response_format={"type": "json_schema", "json_schema": {"name": "x"}})

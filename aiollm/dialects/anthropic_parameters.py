"""OpenAI's parameters, as Anthropic's members of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aiollm.dialects.anthropic_models import Model
from aiollm.dialects.anthropic_schema import strict_schema
from aiollm.dialects.body import effort_of, misplaced, stop_list
from aiollm.types.shape import EMPTY, JSON, is_mapping

__all__ = ["ANSWER_AFTER_THINKING", "ANSWER_TOOL", "answers_by_tool", "member_parameters", "schema_of"]

Members = dict[str, Any]

ANSWER_TOOL = "json_tool_call"
"""The tool by whose arguments a model answers that cannot be held to a schema; the name is LiteLLM's."""

LEAST_BUDGET = 1024
"""The smallest budget of thinking that the API takes, in tokens."""

ANSWER_AFTER_THINKING = 4096
"""Tokens for the answer itself behind a budget of thinking, when the caller says nothing of its length."""

# LiteLLM's budgets of thinking in tokens, but for the least the API takes.
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096, "xhigh": 8192, "max": 16_384}
_SEARCHES = {"low": 1, "medium": 5, "high": 10}
_TIERS = {"default": "standard_only"}
_PERSON = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|\+?[\d\s().-]{7,}")  # an e-mail address or a telephone number


def member_parameters(params: Mapping[str, Any], model: Model, *, drop: bool) -> Members:
    """Return the members of a request that parameters come to, besides the messages; others are kept as they are.

    Args:
        params: OpenAI's parameters and Anthropic's own, without those that the model does not take.
        model: what the model takes.
        drop: leave out what has no meaning here.

    Raises:
        BadRequestError: a value has no counterpart.
    """
    members = {name: value for name, value in params.items() if name not in _TRANSLATED}
    tools = [*map(_tool, params.get("tools") or ()), *map(_function_tool, params.get("functions") or ())]
    if "web_search_options" in params:
        tools.append(_web_search(params["web_search_options"]))
    if tools:
        members["tools"] = tools
    if choice := _tool_choice(params):
        members["tool_choice"] = choice
    if "stop" in params and (stops := _stops(params["stop"], drop=drop)):
        members["stop_sequences"] = stops
    if tier := params.get("service_tier"):
        members["service_tier"] = _TIERS.get(tier, tier)
    person = params.get("user") or params.get("safety_identifier")
    if person and not _PERSON.fullmatch(person):
        members.setdefault("metadata", {"user_id": person})
    _set_length_and_thinking(members, params, model)
    _set_schema(members, params, model)
    return members


_TRANSLATED = frozenset(
    {
        "function_call",
        "functions",
        "max_completion_tokens",
        "max_tokens",
        "parallel_tool_calls",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "service_tier",
        "stop",
        "tool_choice",
        "tools",
        "user",
        "web_search_options",
    }
)


def _tool(tool: Mapping[str, Any]) -> Members:
    function = tool.get("function")
    if tool.get("type") == "function" or is_mapping(function):
        control = {"cache_control": tool["cache_control"]} if tool.get("cache_control") else {}
        return _function_tool(function or EMPTY) | control
    if "custom" in tool:
        raise misplaced("tools", "has a custom tool; Claude's tools take JSON, by a schema")
    return dict(tool)  # Anthropic's own: a tool of the server's, or with an input_schema


def _function_tool(function: Mapping[str, Any]) -> Members:
    if not function.get("name"):
        raise misplaced("tools", "has a function without a name")
    rest = {name: value for name, value in function.items() if name != "parameters" and value is not None}
    return {**rest, "input_schema": {"type": "object", **(function.get("parameters") or {"properties": {}})}}


def _web_search(options: Mapping[str, Any]) -> Members:
    tool: Members = {"type": "web_search_20250305", "name": "web_search"}
    if size := options.get("search_context_size"):
        tool["max_uses"] = _SEARCHES.get(size, _SEARCHES["medium"])
    if location := options.get("user_location"):
        tool["user_location"] = {"type": "approximate", **(location.get("approximate") or location)}
    return tool


def _tool_choice(params: Mapping[str, Any]) -> Members | None:
    choice = _choice_of(params.get("tool_choice", params.get("function_call")))
    if params.get("parallel_tool_calls") is False:
        choice = choice or {"type": "auto"}
        if choice["type"] != "none":
            choice["disable_parallel_tool_use"] = True
    return choice


def _choice_of(choice: Any) -> Members | None:
    if isinstance(choice, str):
        if choice not in _CHOICES:
            raise misplaced("tool_choice", f"must be one of {', '.join(_CHOICES)}, or name a function")
        return {"type": _CHOICES[choice]}
    if choice is None:
        return None
    named = choice.get("function", choice)
    if choice.get("type") in (None, "function") and named.get("name"):
        return {"type": "tool", "name": named["name"]}
    if choice.get("type") not in ("auto", "any", "none", "tool"):
        raise misplaced("tool_choice", "must name a function")
    return dict(choice)


_CHOICES = {"auto": "auto", "none": "none", "required": "any", "any": "any"}


def _stops(stop: str | Sequence[str], *, drop: bool) -> list[str]:
    """Return the stop sequences; the API refuses those of white space only."""
    stops = stop_list(stop)
    return [text for text in stops if text.strip()] if drop else stops


def _set_length_and_thinking(members: Members, params: Mapping[str, Any], model: Model) -> None:
    given = params.get("max_completion_tokens") or params.get("max_tokens")
    members["max_tokens"] = given or model.max_tokens
    effort = effort_of(params.get("reasoning_effort"))
    if effort not in (None, "none") and "thinking" not in members:
        if model.adaptive:
            # Without `display` the newest models think without showing it.
            members["thinking"] = {"type": "adaptive", "display": "summarized"}
            words = {"effort": "low" if effort == "minimal" else effort}
            members["output_config"] = words | (members.get("output_config") or {})
            return
        if effort not in _BUDGETS:
            raise misplaced("reasoning_effort", f"must be one of none, default, {', '.join(_BUDGETS)}")
        members["thinking"] = {"type": "enabled", "budget_tokens": _BUDGETS[effort]}
        if given:
            _cap_thinking(members, given)
    thinking: JSON = members.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, Mapping) else None
    if budget and model.only_adaptive:
        members["thinking"] = {"type": "adaptive", "display": "summarized"}
    elif budget and not given:
        members["max_tokens"] = max(model.max_tokens, budget + ANSWER_AFTER_THINKING)


def _cap_thinking(members: Members, most: int) -> None:
    """Keep the budget below the length that the caller wants, as the API demands, or do not think at all."""
    if most <= LEAST_BUDGET:
        del members["thinking"]
    else:
        members["thinking"]["budget_tokens"] = min(members["thinking"]["budget_tokens"], most - 1)


def schema_of(params: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the JSON schema that the answer is to follow, or None when there is none.

    Raises:
        BadRequestError: a schema is announced and is not there.
    """
    wanted: JSON = params.get("response_format")
    if not isinstance(wanted, Mapping) or wanted.get("type") != "json_schema":
        return None
    described: JSON = wanted.get("json_schema")
    schema: JSON = described.get("schema") if isinstance(described, Mapping) else None
    if not isinstance(schema, Mapping):
        raise misplaced("response_format", "must have the schema in json_schema.schema")
    return schema


def answers_by_tool(params: Mapping[str, Any], model: Model) -> bool:
    """Whether the answer comes as the arguments of `ANSWER_TOOL`, which is to be read as text."""
    schema = schema_of(params)
    return schema is not None and not (model.schemas and strict_schema(schema))


def _set_schema(members: Members, params: Mapping[str, Any], model: Model) -> None:
    """Ask for an answer that follows a schema: by its own member, or of a model that has none by a tool."""
    schema = schema_of(params)
    if schema is None:
        return
    if not answers_by_tool(params, model):
        members["output_config"] = {
            **(members.get("output_config") or {}),
            "format": {"type": "json_schema", "schema": strict_schema(schema)},
        }
        return
    tools = members.get("tools", [])
    tool = {"name": ANSWER_TOOL, "description": "Give the answer.", "input_schema": {"type": "object", **schema}}
    members["tools"] = [*tools, tool]
    # The API takes no forced tool while the model thinks.
    if "tool_choice" not in members and "thinking" not in members:
        members["tool_choice"] = {"type": "any"} if tools else {"type": "tool", "name": ANSWER_TOOL}

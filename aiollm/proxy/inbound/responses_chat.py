"""A request of the Responses API as a chat, for models whose provider has no such API.

What a chat has no room for is refused: earlier responses, conversations, work in the background, the provider's tools.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.proxy.inbound.allowed import arguments_of, notes_of, seconds_of
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.body import asked_model, flag, refused, text
from aiollm.proxy.inbound.responses import RESPONSE_PARAMS
from aiollm.proxy.inbound.responses_items import chat_messages
from aiollm.types.shape import JSON

__all__ = ["parse_response_as_chat"]

_STATEFUL = ("background", "conversation", "previous_response_id", "prompt")
_SAME = frozenset(
    {
        "parallel_tool_calls",
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "temperature",
        "top_p",
        "user",
    }
)
_HANDLED = (RESPONSE_PARAMS - _SAME) | {"model", "input", "stream"}


def parse_response_as_chat(body: dict[str, Any]) -> Asked:
    """Return what a request for a response asks, in the terms of a chat.

    Raises:
        BadRequestError: it lacks what it needs, asks for what a chat has not, or says what only the operator may.
    """
    streams = flag(body, "stream")
    for name in _STATEFUL:
        if body.get(name):
            raise refused(name, "needs a provider with the Responses API, which this model's has not")
    arguments = {
        "messages": chat_messages(text(body, "instructions"), body.get("input")),
        **arguments_of(body, _SAME, _HANDLED),
        **_tools(body),
        **_form(body),
    }
    if body.get("max_output_tokens") is not None:
        arguments["max_completion_tokens"] = body["max_output_tokens"]
    if body.get("top_logprobs") is not None:
        arguments |= {"logprobs": True, "top_logprobs": body["top_logprobs"]}
    if streams:
        arguments |= {"stream": True, "stream_options": {"include_usage": True}}
    return Asked(
        call="chat",
        model=asked_model(body),
        arguments=arguments,
        stream=streams,
        include_usage=True,
        timeout=seconds_of(body),
        user=text(body, "user"),
        metadata=notes_of(body),
    )


def _form(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return how much the model is to think, and the form of its answer."""
    arguments: dict[str, Any] = {}
    reasoning: JSON = body.get("reasoning") or {}
    form: JSON = body.get("text") or {}
    if not isinstance(reasoning, dict) or not isinstance(form, dict):
        raise refused("text" if isinstance(reasoning, dict) else "reasoning", "must be an object")
    if reasoning.get("effort"):
        arguments["reasoning_effort"] = reasoning["effort"]
    if form.get("verbosity"):
        arguments["verbosity"] = form["verbosity"]
    wanted: JSON = form.get("format")
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        schema = {name: value for name, value in wanted.items() if name != "type"}
        arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif isinstance(wanted, dict) and wanted.get("type") != "text":
        arguments["response_format"] = wanted
    return arguments


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    tools: JSON = body.get("tools")
    if not tools:
        return {}
    if not isinstance(tools, list):
        raise refused("tools", "must be a list")
    arguments: dict[str, Any] = {"tools": [_tool(tool, f"tools[{place}]") for place, tool in enumerate(tools)]}
    choice: JSON = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") in ("function", "custom"):
        kind = choice["type"]
        arguments["tool_choice"] = {"type": kind, kind: {"name": choice.get("name")}}
    elif isinstance(choice, dict):
        raise refused("tool_choice", "names a tool of the provider's, which this model's has not")
    elif choice is not None:
        arguments["tool_choice"] = choice
    return arguments


def _tool(tool: JSON, place: str) -> dict[str, Any]:
    given = tool if isinstance(tool, dict) else {}
    kind = given.get("type")
    if kind not in ("function", "custom"):
        raise refused(place, f"is of type {kind!r}, which only a provider with the Responses API has")
    return {"type": kind, kind: {name: value for name, value in given.items() if name != "type" and value is not None}}

"""A chat request in Cohere's form, version 2.

Facts: the types of Cohere's Python client (7.3): `ChatMessageV2`, `ToolV2`, `ResponseFormatV2`, `Thinking`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiollm.dialects.body import accepted_parameters, converted_messages, effort_of, refusal, stop_list
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.shape import EMPTY, JSON

__all__ = ["cohere_body"]

_CHOICES = {"required": "REQUIRED", "none": "NONE"}  # "auto" is what happens unasked
_BUDGETS = {"minimal": 128, "low": 1024, "medium": 2048}  # tokens, as LiteLLM reads efforts; more is without a limit
_PARTS = frozenset({"text", "image_url", "document"})


def cohere_body(request: Request, endpoint: Endpoint) -> dict[str, Any]:
    """Return the body of `POST /v2/chat`.

    Raises:
        BadRequestError: a message cannot be put into Cohere's form.
        UnsupportedParamsError: a parameter, or the value of one, cannot be asked for.
    """
    asked = accepted_parameters(request, endpoint)
    body: dict[str, Any] = {"model": request.model, "messages": converted_messages(request, endpoint, _message)}
    if request.stream:
        body["stream"] = True
    choice = asked.pop("tool_choice", "auto")
    tools = asked.pop("tools", None)
    if isinstance(choice, Mapping) and "function" in choice:
        tools = [tool for tool in tools or () if tool["function"]["name"] == choice["function"]["name"]]
        choice = "required"
    if choice in ("required", "none"):
        body["tool_choice"] = _CHOICES[choice]
    elif choice != "auto" and not request.drop_params:
        raise refusal(request, endpoint, "tool_choice")
    if tools:
        body.update(_tools(tools))
    if "top_k" in asked:
        body["k"] = asked.pop("top_k")
    if "response_format" in asked:
        body["response_format"] = _response_format(asked.pop("response_format"))
    if (effort := effort_of(asked.pop("reasoning_effort", None))) is not None:
        body["thinking"] = _thinking(effort)
    if "stop_sequences" in asked:
        asked["stop_sequences"] = stop_list(asked["stop_sequences"])
    return {**body, **asked}


def _tools(tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `tools` and, where a function is to be called strictly, `strict_tools`, which is for all of them."""
    functions = [dict(tool["function"]) for tool in tools]
    strict = [function.pop("strict", None) for function in functions]
    for function in functions:
        function.setdefault("parameters", {"type": "object", "properties": {}})
    listed = {"tools": [{"type": "function", "function": function} for function in functions]}
    return {**listed, "strict_tools": True} if any(strict) else listed


def _response_format(wanted: JSON) -> Any:
    """A schema goes with JSON mode, bare."""
    if isinstance(wanted, Mapping) and wanted.get("type") == "json_schema":
        return {"type": "json_object", "json_schema": wanted["json_schema"]["schema"]}
    return wanted


def _thinking(effort: Any) -> dict[str, Any]:
    if effort == "none":
        return {"type": "disabled"}
    budget = _BUDGETS.get(effort)
    return {"type": "enabled", "token_budget": budget} if budget else {"type": "enabled"}


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    role = message["role"]
    if role == "function":
        raise ValueError('a message of role "function" is not known there: send a tool call and its result')
    converted: dict[str, Any] = {"role": role}
    content = _content(message.get("content"))
    if thought := message.get("reasoning_content"):
        spoken = [{"type": "text", "text": content}] if isinstance(content, str) and content else content or []
        content = [{"type": "thinking", "thinking": thought}, *spoken]
    if content is not None:
        converted["content"] = content
    if calls := message.get("tool_calls"):
        converted["tool_calls"] = [_call(call) for call in calls]
        if not content:
            converted.pop("content", None)
    specific = message.get("provider_specific_fields") or EMPTY
    for name in ("tool_plan", "citations"):
        if value := message.get(name) or specific.get(name):
            converted[name] = value
    if role == "tool":
        converted["tool_call_id"] = message["tool_call_id"]
    return converted


def _content(content: JSON) -> Any:
    if not isinstance(content, list):
        return content
    parts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in content]
    for part in parts:
        if part.get("type") not in _PARTS:
            raise ValueError(f"a part of type {part.get('type')!r} is neither text nor an image")
    return [
        {**part, "image_url": {"url": part["image_url"]}} if isinstance(part.get("image_url"), str) else part
        for part in parts
    ]


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    return {
        "id": call["id"],
        "type": "function",
        "function": {"name": function["name"], "arguments": function.get("arguments") or "{}"},
    }

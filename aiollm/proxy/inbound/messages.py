"""Anthropic's Messages: a request in, and a whole answer out.

Source: https://platform.claude.com/docs/en/api/messages and the types of anthropic-python 2.14.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.outbound.frames import encode
from aiollm.proxy.inbound.allowed import arguments_of, seconds_of
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.body import asked_model, flag, listed, refused
from aiollm.proxy.inbound.failure import Failure
from aiollm.proxy.inbound.messages_answer import STOP_REASONS, blocks_of, counts_of
from aiollm.proxy.inbound.messages_turns import chat_messages
from aiollm.types.response import ModelResponse
from aiollm.types.shape import JSON

__all__ = ["count_response", "message_error", "message_response", "parse_message"]

_HANDLED = frozenset(
    {
        "anthropic_version",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "output_config",
        "service_tier",
        "stop_sequences",
        "stream",
        "system",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
    }
)
_KNOWN = frozenset({"temperature", "top_p"})

_EFFORTS = ((2048, "low"), (8192, "medium"))
"""Budgets of thinking below these, in tokens, are these efforts; above them it is "high"."""


def parse_message(body: dict[str, Any], *, keeps_own: bool, counts: bool = False) -> Asked:
    """Return what a request of the Messages API asks, in the terms of a chat.

    Args:
        body: the request.
        keeps_own: whether every deployment that may answer speaks this format, or one made of it. Then what OpenAI's
            format has no word for stays as it is: marks for the cache, budgets of thinking, tools of the provider's.
            Others may refuse such members, so for them these are left out, or said as nearly as can be.
        counts: whether it is a request to count tokens, which needs no `max_tokens`.

    Raises:
        BadRequestError: it lacks what it needs, or says what only the operator may.
    """
    model, streams = asked_model(body), flag(body, "stream")
    arguments = {
        "messages": chat_messages(body.get("system"), listed(body, "messages"), keeps_own=keeps_own),
        **arguments_of(body, _KNOWN, _HANDLED),
        **_length(body, needed=not counts),
        **_tools(body, keeps_own=keeps_own),
        **_thinking(body, keeps_own=keeps_own),
    }
    if stops := body.get("stop_sequences"):
        arguments["stop"] = stops
    if keeps_own and body.get("top_k") is not None:
        arguments["top_k"] = body["top_k"]
    if streams:
        arguments |= {"stream": True, "stream_options": {"include_usage": True}}
    user = _user(body)
    if user is not None:
        arguments["metadata"] = {"user_id": user}
    return Asked(
        call="chat",
        model=model,
        arguments=arguments,
        stream=streams,
        # An answer by a schema may come as the input of a tool that the caller knows nothing of.
        verbatim=streams and "response_format" not in arguments,
        include_usage=True,
        timeout=seconds_of(body),
        user=user,
    )


def _length(body: Mapping[str, Any], *, needed: bool) -> dict[str, Any]:
    most = body.get("max_tokens")
    if most is None and not needed:
        return {}
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise refused("max_tokens", "must be given, as a whole number from 1")
    return {"max_completion_tokens": most}


def _user(body: Mapping[str, Any]) -> str | None:
    notes: JSON = body.get("metadata")
    if notes is not None and not isinstance(notes, dict):
        raise refused("metadata", "must be an object")
    user = (notes or {}).get("user_id")
    return user if isinstance(user, str) else None


def _tools(body: Mapping[str, Any], *, keeps_own: bool) -> dict[str, Any]:
    tools: JSON = body.get("tools")
    if not tools:
        return {}
    if not isinstance(tools, list):
        raise refused("tools", "must be a list")
    arguments: dict[str, Any] = {
        "tools": [_tool(tool, f"tools[{place}]", keeps_own=keeps_own) for place, tool in enumerate(tools)]
    }
    choice: JSON = body.get("tool_choice")
    if isinstance(choice, dict):
        kinds: dict[Any, Any] = {"auto": "auto", "any": "required", "none": "none"}
        kind = choice.get("type")
        if kind == "tool":
            arguments["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}
        elif kind in kinds:
            arguments["tool_choice"] = kinds[kind]
        else:
            raise refused("tool_choice.type", "must be auto, any, none or tool")
        if choice.get("disable_parallel_tool_use"):
            arguments["parallel_tool_calls"] = False
    return arguments


def _tool(tool: JSON, place: str, *, keeps_own: bool) -> dict[str, Any]:
    if not isinstance(tool, dict):
        raise refused(place, "must be an object")
    if tool.get("type") not in (None, "custom"):
        if not keeps_own:
            raise refused(f"{place}.type", "is a tool of Anthropic's own, which this model has not")
        return tool
    function: dict[str, Any] = {"name": tool.get("name"), "parameters": tool.get("input_schema") or {"type": "object"}}
    function |= {name: tool[name] for name in ("description", "strict") if tool.get(name) is not None}
    marks = {"cache_control": tool["cache_control"]} if keeps_own and tool.get("cache_control") else {}
    return {"type": "function", "function": function, **marks}


def _thinking(body: Mapping[str, Any], *, keeps_own: bool) -> dict[str, Any]:
    """Return how much the model is to think, and the form of its answer."""
    config: JSON = body.get("output_config") or {}
    thinking: JSON = body.get("thinking") or {}
    if not isinstance(config, dict) or not isinstance(thinking, dict):
        raise refused("thinking" if isinstance(config, dict) else "output_config", "must be an object")
    arguments: dict[str, Any] = {}
    if thinking and keeps_own:
        arguments["thinking"] = thinking
    elif thinking.get("type") == "enabled":
        budget = thinking.get("budget_tokens")
        spent = budget if isinstance(budget, int) else 0
        arguments["reasoning_effort"] = next((effort for most, effort in _EFFORTS if spent < most), "high")
    if config.get("effort"):
        arguments["reasoning_effort"] = config["effort"]
    form: JSON = config.get("format")
    if isinstance(form, dict) and form.get("type") == "json_schema":
        schema = {"name": "answer", "schema": form.get("schema"), "strict": True}
        arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
    return arguments


def message_response(response: ModelResponse, asked: Asked) -> bytes:
    """Return the body of a whole answer: its first choice, which is all that the format has room for."""
    choice = response.choices[0]
    return encode(
        {
            "id": response.id,
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": blocks_of(choice.message),
            "stop_reason": STOP_REASONS.get(choice.finish_reason or "", "end_turn"),
            "stop_sequence": (choice.message.provider_specific_fields or {}).get("stop_sequence"),
            "usage": counts_of(response.usage),
        }
    )


def count_response(tokens: int) -> bytes:
    """Return the body of an answer to a request to count tokens."""
    return encode({"input_tokens": int(tokens)})


def message_error(failure: Failure) -> bytes:
    """Return the body of an error in Anthropic's form, with what OpenAI's has besides."""
    return encode({"type": "error", "error": error_members(failure), "request_id": failure.request_id})


_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error_members(failure: Failure) -> dict[str, Any]:
    """Return the error object; its type is the one that Anthropic's own clients know for the status."""
    kind = _ERROR_TYPES.get(failure.status, "api_error")
    return {"type": kind, "message": failure.message, "code": failure.code, "retryable": failure.retryable}

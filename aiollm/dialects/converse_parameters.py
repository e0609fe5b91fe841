"""OpenAI's parameters, as members of a Converse request; what Converse has no member for goes to the model as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aiollm.dialects.anthropic_models import Model, model_facts, sampling_of
from aiollm.dialects.anthropic_parameters import (
    ANSWER_AFTER_THINKING,
    ANSWER_TOOL,
    answers_by_tool,
    member_parameters,
    schema_of,
)
from aiollm.dialects.anthropic_schema import strict_schema
from aiollm.dialects.body import effort_of, misplaced, stop_list
from aiollm.dialects.converse_content import Block, cache_point
from aiollm.types.shape import EMPTY, JSON, is_mapping

__all__ = ["converse_members", "not_taken"]

Members = dict[str, Any]

_OWN = frozenset(
    {
        "additionalModelRequestFields",
        "additionalModelResponseFieldPaths",
        "guardrailConfig",
        "inferenceConfig",
        "outputConfig",
        "performanceConfig",
        "projectIdentifier",
        "promptVariables",
        "requestMetadata",
        "serviceTier",
        "toolConfig",
    }
)
"""Converse's own members; given by a caller, they are merged with what the parameters come to."""

_INFERENCE = {"temperature": "temperature", "top_p": "topP"}
_ELSEWHERE = frozenset(
    {
        "max_completion_tokens",
        "max_tokens",
        "parallel_tool_calls",
        "reasoning_effort",
        "response_format",
        "service_tier",
        "stop",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)
_THINKING_TOKENS = "/usage/output_tokens_details"  # where Claude counts its thinking
_NOVA_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}


def not_taken(name: str, params: Mapping[str, Any]) -> frozenset[str]:
    """Return the parameters that a model does not take, besides those that Converse does not."""
    refused: set[str] = set()
    facts = model_facts(name)
    if not (_is_nova_2(name) or _is_gpt_oss(name) or (_is_claude(name) and facts.thinks)):
        refused.add("reasoning_effort")
    if not _is_claude(name) and params.get("parallel_tool_calls") is False:
        refused.add("parallel_tool_calls")
    if not facts.samples:
        refused |= sampling_of(params)
    return frozenset(refused)


def converse_members(params: Mapping[str, Any], name: str, called: Sequence[str]) -> Members:
    """Return the members of a request that parameters come to, besides the messages.

    Args:
        params: OpenAI's parameters, Converse's and the model's own, without those that the model does not take.
        name: the model's name.
        called: the tools that were called in the messages.

    Raises:
        BadRequestError: a value has no counterpart.
    """
    facts = model_facts(name)
    inference = _inference(params)
    fields: Members = {key: value for key, value in params.items() if key not in _ELSEWHERE and key not in _OWN}
    output: Members = {}
    if "top_k" in params:
        # Nova has it among its own inference parameters, the others beside them.
        fields |= {"inferenceConfig": {"topK": params["top_k"]}} if _is_nova(name) else {"top_k": params["top_k"]}
    members: Members = {}
    if _is_claude(name):
        _set_claude_thinking(inference, fields, output, params, facts)
    elif effort := effort_of(params.get("reasoning_effort")):
        fields |= _reasoning(name, effort)
    if tools := _tool_config(params, name, facts, called, thinks=bool(fields.get("thinking"))):
        members["toolConfig"] = tools
        if params.get("parallel_tool_calls") is False:
            fields["tool_choice"] = _one_call(tools.get("toolChoice") or {})
    if text_format := _text_format(params, facts):
        output["textFormat"] = text_format
    if fields.get("thinking") and _is_claude(name):
        members["additionalModelResponseFieldPaths"] = [_THINKING_TOKENS]
    if (tier := params.get("service_tier")) and tier != "auto":
        members["serviceTier"] = {"type": tier}
    members |= {"inferenceConfig": inference, "additionalModelRequestFields": fields, "outputConfig": output}
    own = {key: params[key] for key in _OWN if key in params}
    return {key: value for key, value in _merged(members, own).items() if value}


def _merged(members: Members, own: Members) -> Members:
    """Return the members with a caller's own in them, objects member by member."""
    both: Members = {
        key: {**members[key], **value} if isinstance(value, Mapping) and isinstance(members.get(key), dict) else value
        for key, value in own.items()
    }
    return members | both


def _inference(params: Mapping[str, Any]) -> Members:
    inference = {name: params[key] for key, name in _INFERENCE.items() if key in params}
    if most := params.get("max_completion_tokens") or params.get("max_tokens"):
        inference["maxTokens"] = most
    if stop := params.get("stop"):
        inference["stopSequences"] = stop_list(stop)
    return inference


def _set_claude_thinking(
    inference: Members, fields: Members, output: Members, params: Mapping[str, Any], facts: Model
) -> None:
    """Let Claude think as the caller wants, by Anthropic's rules."""
    wanted = {key: params[key] for key in ("reasoning_effort", "thinking") if key in params}
    length = {"max_tokens": inference["maxTokens"]} if "maxTokens" in inference else {}
    members = member_parameters({**wanted, **length}, facts, drop=False)
    if thinking := members.get("thinking"):
        fields["thinking"] = thinking
        budget = thinking.get("budget_tokens") if is_mapping(thinking) else None
        if budget:
            inference.setdefault("maxTokens", budget + ANSWER_AFTER_THINKING)
    if effort := (members.get("output_config") or EMPTY).get("effort"):
        output["effort"] = effort


def _reasoning(name: str, effort: str) -> Members:
    if _is_gpt_oss(name):
        return {"reasoning_effort": effort}
    if effort == "none":
        return {}
    if effort not in _NOVA_EFFORTS:
        raise misplaced("reasoning_effort", f"must be one of none, default, {', '.join(_NOVA_EFFORTS)}")
    return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": _NOVA_EFFORTS[effort]}}


def _tool_config(
    params: Mapping[str, Any], name: str, facts: Model, called: Sequence[str], *, thinks: bool
) -> Members | None:
    choice: JSON = _tool_choice(params.get("tool_choice"))
    tools = [block for tool in params.get("tools") or () for block in _tool(tool)]
    if choice == "none":
        if called:
            raise misplaced("tool_choice", "cannot be 'none' on Bedrock once tools were called: leave it out")
        tools, choice = [], None
    if answers_by_tool(params, facts):
        force = "llama" not in name.lower() and not thinks  # Llama cannot be told to call; nor Claude while it thinks
        choice = choice or ({"any": {}} if force else None)
        tools.append(_spec(ANSWER_TOOL, "Give the answer.", schema_of(params)))
    if not tools:
        # Calls in the history are refused where no tool is defined.
        tools = [_spec(tool, None, None) for tool in called]
    return {"tools": tools, **({"toolChoice": choice} if choice else {})} if tools else None


def _tool(tool: Mapping[str, Any]) -> list[Block]:
    function: JSON = tool.get("function")
    if isinstance(function, Mapping):
        if not function.get("name"):
            raise misplaced("tools", "has a function without a name")
        spec = _spec(function["name"], function.get("description"), function.get("parameters"))
        if function.get("strict") is not None:
            spec["toolSpec"]["strict"] = function["strict"]
        return [spec, *cache_point(tool.get("cache_control") or function.get("cache_control"))]
    if len(tool) == 1 and tool.keys() <= {"cachePoint", "systemTool", "toolSpec"}:
        return [dict(tool)]
    raise misplaced("tools", "has a tool that is neither a function nor one of Converse's own")


def _spec(name: str, description: str | None, schema: Mapping[str, Any] | None) -> Block:
    spec: Block = {"name": name}
    if description:
        spec["description"] = description
    spec["inputSchema"] = {"json": {"type": "object", **(schema or {"properties": {}})}}
    return {"toolSpec": spec}


def _tool_choice(choice: Any) -> Any:
    """Return Converse's choice, "none" or None."""
    match choice:
        case None | "none":
            return choice
        case "auto":
            return {"auto": {}}
        case "required" | "any":
            return {"any": {}}
        case {"function": {"name": str(name)}}:
            return {"tool": {"name": name}}
        case {"auto": _} | {"any": _} | {"tool": _}:
            return dict(choice)
        case _:
            raise misplaced("tool_choice", "must be none, auto or required, or name a function")


def _one_call(choice: Mapping[str, Any]) -> Members:
    """Return Anthropic's form of a choice, in which a single call can be asked for."""
    kind = next(iter(choice), "auto")
    named = {"name": choice["tool"]["name"]} if kind == "tool" else {}
    return {"type": kind, **named, "disable_parallel_tool_use": True}


def _text_format(params: Mapping[str, Any], facts: Model) -> Members | None:
    schema = schema_of(params)
    if schema is None or answers_by_tool(params, facts):
        return None
    described = params["response_format"]["json_schema"]
    named = {key: described[key] for key in ("name", "description") if described.get(key)}
    text = msgspec.json.encode(strict_schema(schema)).decode()
    return {"type": "json_schema", "structure": {"jsonSchema": {**named, "schema": text}}}


def _is_claude(name: str) -> bool:
    return "claude" in name.lower()


def _is_nova(name: str) -> bool:
    return "amazon.nova" in name.lower()


def _is_nova_2(name: str) -> bool:
    return "amazon.nova-2" in name.lower()


def _is_gpt_oss(name: str) -> bool:
    return "gpt-oss" in name.lower()

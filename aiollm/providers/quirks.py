"""What single providers want done to a request: pure functions, named by the catalogue's rows.

A quirk changes the finished request body (a JSON object in OpenAI's shape) and returns a new one; it never mutates what
it is given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from aiollm.providers.mistral import mistral_messages
from aiollm.providers.watsonx import watsonx_body
from aiollm.types.endpoint import BodyQuirk
from aiollm.types.shape import is_array, is_mapping

__all__ = ["BODY_QUIRKS", "ROLE_QUIRKS", "max_completion_tokens_always"]

_Body = dict[str, Any]
_Message = Mapping[str, Any]


def developer_as_system(body: _Body) -> _Body:
    """The provider knows no developer role; system is the nearest."""
    return _rename_role(body, "developer", "system")


def developer_as_user(body: _Body) -> _Body:
    """The provider takes neither a developer nor a second system message."""
    return _rename_role(body, "developer", "user")


def flatten_text(body: _Body) -> _Body:
    """A list of text parts becomes one string; a list with any other part stays, for the provider to judge."""
    return _map_messages(body, _flat)


def strip_names(body: _Body) -> _Body:
    """Only a tool's result may carry `name`."""
    return _map_messages(body, lambda message: message if message.get("role") == "tool" else _without(message, "name"))


def strip_nulls(body: _Body) -> _Body:
    """Members that are null are refused on assistant messages, as a dumped reply has them."""
    return _map_messages(body, _assistant_without_nulls)


def tool_choice_any(body: _Body) -> _Body:
    """Mistral's word for "required" is "any"."""
    return {**body, "tool_choice": "any"} if body.get("tool_choice") == "required" else body


def tool_choice_in_words(body: _Body) -> _Body:
    """`tool_choice` "required" is refused; the wish goes into a last user message."""
    if body.get("tool_choice") != "required":
        return body
    wish = {"role": "user", "content": "Call one of the tools now."}
    return {**_without(body, "tool_choice"), "messages": [*body["messages"], wish]}


def effort_max_as_xhigh(body: _Body) -> _Body:
    """The highest effort is called "xhigh"."""
    return {**body, "reasoning_effort": "xhigh"} if body.get("reasoning_effort") == "max" else body


def usage_included(body: _Body) -> _Body:
    """OpenRouter counts tokens and cost in the last chunk when asked in its own way; a caller's `usage` wins."""
    return body if "usage" in body else {**body, "usage": {"include": True}}


def model_without_version(body: _Body) -> _Body:
    """On Vertex AI the version (`@2411`) is part of the path only."""
    return {**body, "model": str(body.get("model")).partition("@")[0]}


def store_off(body: _Body) -> _Body:
    """The provider wants `store` to be there and false."""
    return {**body, "store": False}


def effort_as_thinking(body: _Body) -> _Body:
    """DeepSeek switches reasoning by `thinking`, without a budget; an effort only counts while it is on."""
    given, effort = body.get("thinking"), body.get("reasoning_effort")
    if is_mapping(given) and given.get("type") in ("enabled", "disabled"):
        kind = given["type"]
    elif effort is not None:
        kind = "disabled" if effort == "none" else "enabled"
    else:
        return body
    changed = {**body, "thinking": {"type": kind}}
    return _without(changed, "reasoning_effort") if kind == "disabled" else changed


def reasoning_replayed(body: _Body) -> _Body:
    """With thinking switched on, DeepSeek wants reasoning on every assistant turn; one space is the least it takes."""
    thinking = body.get("thinking")
    if not is_mapping(thinking) or thinking.get("type") != "enabled":
        return body
    return _map_messages(body, _with_reasoning)


def max_completion_tokens_if_reasoning(body: _Body) -> _Body:
    """OpenAI's reasoning models (o*, gpt-5 and later) refuse `max_tokens`."""
    return max_completion_tokens_always(body) if _OPENAI_REASONING.match(str(body.get("model"))) else body


def max_completion_tokens_always(body: _Body) -> _Body:
    """A reasoning model under a name that does not tell: `max_tokens` is refused."""
    if "max_tokens" not in body:
        return body
    changed = _without(body, "max_tokens")
    changed.setdefault("max_completion_tokens", body["max_tokens"])
    return changed


def effort_as_claude_thinking(body: _Body) -> _Body:
    """Databricks has Claude think within a budget, which counts against `max_tokens`."""
    effort = body.get("reasoning_effort")
    if effort is None or "claude" not in str(body.get("model")):
        return body
    changed = _without(body, "reasoning_effort")
    if is_mapping(effort):
        effort = effort.get("effort")
    if effort == "none":
        return changed
    budget = _CLAUDE_BUDGETS.get(str(effort), _CLAUDE_BUDGETS["high"])
    changed["thinking"] = {"type": "enabled", "budget_tokens": budget}
    if changed.get("max_tokens", 0) <= budget:
        changed["max_tokens"] = changed.get("max_tokens", 4096) + budget
    return changed


def adapter_only(body: _Body) -> _Body:
    """Predibase names the deployment in its path; the model is the adapter on it, or "" for none."""
    return {**body, "model": body["model"].partition("/")[2]}


def schema_in_words(body: _Body) -> _Body:
    """JSON mode is there, but no schema: the schema goes into a last user message."""
    wanted = body.get("response_format")
    if not is_mapping(wanted) or wanted.get("type") != "json_schema":
        return body
    schema = json.dumps(wanted.get("json_schema", {}).get("schema", {}), ensure_ascii=False)
    wish = {"role": "user", "content": f"Answer with one JSON object that follows this JSON schema: {schema}"}
    return {**body, "response_format": {"type": "json_object"}, "messages": [*body["messages"], wish]}


def tools_as_functions(body: _Body) -> _Body:
    """GigaChat speaks OpenAI's older functions: one call a turn, its arguments an object."""
    changed = _map_messages(_without(body, "tools", "tool_choice", "parallel_tool_calls"), _with_function_call)
    choice = body.get("tool_choice")
    functions = [tool["function"] for tool in body.get("tools") or () if tool.get("type") == "function"]
    if functions and choice != "none":
        changed["functions"] = functions
        if isinstance(choice, Mapping) and "function" in choice:
            changed["function_call"] = {"name": choice["function"]["name"]}
    return changed


def model_in_url(body: _Body) -> _Body:
    """What the URL says already is refused in the body."""
    return _without(body, "model", "stream", "stream_options")


def nova_own(body: _Body) -> _Body:
    """Nova's own format is Converse's, but what goes to the model stands beside the other members."""
    own = body.get("additionalModelRequestFields", {})
    inference = {**body.get("inferenceConfig", {}), **own.get("inferenceConfig", {})}
    inference = {"inferenceConfig": inference} if inference else {}
    return {"schemaVersion": "messages-v1", **_without(body, "additionalModelRequestFields"), **own, **inference}


ROLE_QUIRKS: Mapping[str, BodyQuirk | None] = {
    "developer": None,
    "system": developer_as_system,
    "user": developer_as_user,
}
"""What a row's `developer_role` means: the role that developer messages are sent with."""

BODY_QUIRKS: Mapping[str, BodyQuirk] = {
    quirk.__name__: quirk
    for quirk in (
        adapter_only,
        effort_as_claude_thinking,
        effort_as_thinking,
        effort_max_as_xhigh,
        flatten_text,
        max_completion_tokens_if_reasoning,
        mistral_messages,
        model_in_url,
        model_without_version,
        nova_own,
        reasoning_replayed,
        schema_in_words,
        store_off,
        strip_names,
        strip_nulls,
        tool_choice_any,
        tool_choice_in_words,
        tools_as_functions,
        usage_included,
        watsonx_body,
    )
}
"""The quirks that rows may name."""

_CLAUDE_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096}  # tokens, as LiteLLM reads efforts

_OPENAI_REASONING = re.compile(r"(ft:)?(o\d|gpt-(?!35)([5-9]|\d\d))")  # Azure writes gpt-35-turbo


def _map_messages(body: _Body, change: Callable[[_Message], _Message]) -> _Body:
    """Return the body with every message changed."""
    return {**body, "messages": [change(message) for message in body["messages"]]}


def _without(members: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}


def _rename_role(body: _Body, role: str, other: str) -> _Body:
    if all(message.get("role") != role for message in body["messages"]):
        return body
    return _map_messages(body, lambda message: {**message, "role": other} if message.get("role") == role else message)


def _flat(message: _Message) -> _Message:
    parts = message.get("content")
    if not is_array(parts) or not parts:
        return message
    if not all(is_mapping(part) and part.get("type") == "text" for part in parts):
        return message
    return {**message, "content": "".join(part.get("text", "") for part in parts)}


def _assistant_without_nulls(message: _Message) -> _Message:
    if message.get("role") != "assistant":
        return message
    return {name: value for name, value in message.items() if value is not None}


def _with_reasoning(message: _Message) -> _Message:
    if message.get("role") != "assistant" or message.get("reasoning_content"):
        return message
    return {**message, "reasoning_content": " "}


def _with_function_call(message: _Message) -> _Message:
    if message.get("role") == "tool":
        return {**_without(message, "tool_call_id"), "role": "function"}
    calls = message.get("tool_calls")
    if not calls:
        return message
    function = calls[0]["function"]
    call = {"name": function["name"], "arguments": _parsed(function.get("arguments"))}
    return {**_without(message, "tool_calls"), "function_call": call}


def _parsed(arguments: Any) -> Any:
    """Arguments as the object they spell; as they are when they spell none."""
    try:
        return json.loads(arguments)
    except (TypeError, ValueError):
        return arguments

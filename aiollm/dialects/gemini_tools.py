"""OpenAI's tools and tool choice as Gemini's.

Functions are declared together in one tool; a tool that Google runs itself (`{"googleSearch": {}}`, `codeExecution`,
`urlContext`, ...) is one of its own, and is passed on as it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.dialects.body import misplaced
from aiollm.dialects.gemini_schema import openapi_schema
from aiollm.types.shape import JSON

__all__ = ["tool_members"]

_MODES = {"auto": "AUTO", "required": "ANY", "any": "ANY", "none": "NONE", "validated": "VALIDATED"}


def tool_members(parameters: Mapping[str, Any], given: Any, *, raw_schema: bool) -> dict[str, Any]:
    """Return `tools` and `toolConfig`, as far as the parameters ask for them.

    Args:
        parameters: OpenAI's parameters.
        given: a `toolConfig` of the caller's own, which the choice is put into.
        raw_schema: whether the model takes JSON Schema itself.

    Raises:
        BadRequestError: a tool or the choice has no form of Gemini's; the error names it.
    """
    functions: list[dict[str, Any]] = []
    tools: list[Any] = []
    for position, tool in enumerate(parameters.get("tools") or ()):
        if tool.get("type") == "function":
            functions.append(_declaration(tool.get("function"), f"tools[{position}].function", raw_schema))
        elif "type" not in tool and tool:
            tools.append(tool)
        else:
            raise misplaced(
                f"tools[{position}]", "must be a function, or a tool of Google's own such as {'googleSearch': {}}"
            )
    for position, function in enumerate(parameters.get("functions") or ()):
        functions.append(_declaration(function, f"functions[{position}]", raw_schema))
    if "web_search_options" in parameters:
        tools.append({"googleSearch": {}})
    if functions:
        tools.insert(0, {"functionDeclarations": functions})
    members: dict[str, Any] = {"tools": tools} if tools else {}
    choice = parameters.get("tool_choice", parameters.get("function_call"))
    if choice is not None:
        members["toolConfig"] = {**(given or {}), "functionCallingConfig": _calling(choice)}
    return members


def _declaration(function: JSON, place: str, raw_schema: bool) -> dict[str, Any]:
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise misplaced(place, "must have a name")
    declared: dict[str, Any] = {"name": function["name"]}
    if function.get("description"):
        declared["description"] = function["description"]
    schema = function.get("parameters")
    if not schema:
        return declared
    if _is_googles(schema):
        declared["parameters"] = schema
    elif raw_schema:
        declared["parametersJsonSchema"] = {name: value for name, value in schema.items() if name != "$schema"}
    elif schema.get("properties"):  # an object without members is refused there
        declared["parameters"] = openapi_schema(schema, f"{place}.parameters")
    return declared


def _is_googles(schema: Mapping[str, Any]) -> bool:
    """Whether a schema is written as Google's own: its types are in capital letters."""
    return str(schema.get("type") or "").isupper()


def _calling(choice: JSON) -> dict[str, Any]:
    if isinstance(choice, str) and choice in _MODES:
        return {"mode": _MODES[choice]}
    if isinstance(choice, Mapping):
        allowed: JSON = choice.get("allowed_tools") if choice.get("type") == "allowed_tools" else None
        named = allowed.get("tools", ()) if isinstance(allowed, Mapping) else [choice]
        names = [(tool.get("function") or tool).get("name") for tool in named]
        mode = "AUTO" if isinstance(allowed, Mapping) and allowed.get("mode") == "auto" else "ANY"
        if names and all(isinstance(name, str) for name in names):
            # Only ANY and VALIDATED may be narrowed to some functions.
            return {"mode": "VALIDATED" if mode == "AUTO" else mode, "allowedFunctionNames": names}
    raise misplaced("tool_choice", f"must be one of {', '.join(_MODES)}, or name a function")

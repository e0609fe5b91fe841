"""A request to watsonx.ai: OpenAI's form under names of its own.

Facts: the requests that LiteLLM 1.109.1 sends (measured) and the parameters that IBM's Python client lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiollm.types.shape import JSON

__all__ = ["DEPLOYMENT", "VERSION", "watsonx_body", "watsonx_paths"]

VERSION = "2024-03-13"
"""The version of the API, a date, that every request names."""

DEPLOYMENT = "deployment/"
"""What the name of a model of one's own begins with; the rest is the deployment's id."""


def watsonx_paths(model: str) -> tuple[str, str] | None:
    """Return the path of a deployment's chat, and of its stream; None for a model that is everybody's.

    Raises:
        ValueError: the deployment has no id.
    """
    if not model.startswith(DEPLOYMENT):
        return None
    identifier = model.removeprefix(DEPLOYMENT)
    if not identifier.strip():
        raise ValueError("write watsonx/deployment/<id>")
    path = f"/ml/v1/deployments/{quote(identifier, safe='')}/text/chat"
    return f"{path}?version={VERSION}", f"{path}_stream?version={VERSION}"


def watsonx_body(body: dict[str, Any]) -> dict[str, Any]:
    """The model is `model_id`, a choice of tools in one word is `tool_choice_option`, and the path says `stream`.

    A deployment has its model and its project; a project comes before a space.
    """
    placed = {name: body[name] for name in ("project_id", "space_id") if body.get(name)}
    apart = ("model", "stream", "project_id", "space_id", "tool_choice", "tools")
    changed = {name: value for name, value in body.items() if name not in apart}
    if not body["model"].startswith(DEPLOYMENT):
        changed["model_id"] = body["model"]
        changed.update(list(placed.items())[:1])
    if body.get("tools"):
        changed["tools"] = [{**tool, "function": _function(tool["function"])} for tool in body["tools"]]
    choice = body.get("tool_choice")
    if choice is not None:
        changed["tool_choice_option" if isinstance(choice, str) else "tool_choice"] = choice
    return changed


def _function(function: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function without what its schema may not say there."""
    return {name: _schema(value) for name, value in function.items() if name != "strict"}


def _schema(schema: JSON) -> Any:
    if isinstance(schema, list):
        return [_schema(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {name: _schema(value) for name, value in schema.items() if name != "additionalProperties"}

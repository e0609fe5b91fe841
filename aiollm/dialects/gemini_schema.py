"""JSON Schema as the part of OpenAPI's that the models before Gemini 2 take.

Newer ones take JSON Schema itself (`parametersJsonSchema`, `responseJsonSchema`). The subset's members are those of
google-genai's `types.Schema`; it has no references, so that each is replaced by what it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.exceptions import BadRequestError
from aiollm.types.shape import JSON

__all__ = ["openapi_schema"]

_KEPT = frozenset(
    {
        "default",
        "description",
        "enum",
        "example",
        "format",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "nullable",
        "pattern",
        "propertyOrdering",
        "required",
        "title",
        "type",
    }
)


def openapi_schema(schema: Mapping[str, Any], param: str) -> dict[str, Any]:
    """Return a schema without references and without the members that Gemini's subset lacks.

    Raises:
        BadRequestError: a reference leads nowhere or to itself; such a schema cannot be written out.
    """
    return _plain(schema, {**schema.get("definitions", {}), **schema.get("$defs", {})}, (), param)


def _plain(schema: JSON, definitions: Mapping[str, Any], within: tuple[str, ...], param: str) -> dict[str, Any]:
    if not isinstance(schema, Mapping):  # `true` and `false`, which stand for anything and nothing
        return {}
    if reference := schema.get("$ref"):
        name = str(reference).rpartition("/")[2]
        if name not in definitions or name in within:
            fault = "refers to itself" if name in within else "is not defined"
            raise BadRequestError(
                f"the schema's reference {reference!r} {fault}: this model takes no recursive schema",
                param=param,
                phase="request",
            )
        siblings = {member: value for member, value in schema.items() if member != "$ref"}
        return _plain({**definitions[name], **siblings}, definitions, (*within, name), param)

    def inner(part: Any) -> dict[str, Any]:
        return _plain(part, definitions, within, param)

    plain = {name: value for name, value in schema.items() if name in _KEPT}
    if "const" in schema:
        plain["enum"] = [schema["const"]]
    if "properties" in schema:
        plain["properties"] = {name: inner(part) for name, part in schema["properties"].items()}
    if "items" in schema:
        plain["items"] = inner(schema["items"])
    choices: Any = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(plain.get("type"), list):
        choices = [{**plain, "type": kind} for kind in plain.pop("type")]
        plain = {name: plain[name] for name in ("title", "description") if name in plain}
    if choices:
        _add_choices(plain, [inner(choice) for choice in choices])
    return plain


def _add_choices(plain: dict[str, Any], choices: list[dict[str, Any]]) -> None:
    """Add alternatives; "or null" is a member of its own, and a single one left is no alternative."""
    real = [choice for choice in choices if choice.get("type") != "null"]
    if len(real) < len(choices):
        plain["nullable"] = True
    if len(real) == 1:
        for name, value in real[0].items():
            plain.setdefault(name, value)
    elif real:
        plain["anyOf"] = real

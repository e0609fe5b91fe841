"""Classes to answer in: their JSON schema, as providers take it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, is_typeddict

import attrs
import msgspec

from aiollm.types.shape import JSON

__all__ = ["is_structured", "response_format_of"]


def is_structured(kind: Any) -> bool:
    """Whether an answer can be read into it: a pydantic, attrs or msgspec class, a dataclass or a TypedDict."""
    return isinstance(kind, type) and (
        hasattr(kind, "model_json_schema")
        or is_typeddict(kind)
        or attrs.has(kind)
        or dataclasses.is_dataclass(kind)
        or issubclass(kind, msgspec.Struct)
    )


def response_format_of(kind: type) -> dict[str, Any]:
    """Return the `response_format` that asks for answers in a class.

    In OpenAI's strict form, whose rules are at https://platform.openai.com/docs/guides/structured-outputs: every member
    is required, there are no others and no defaults. A class with members of any name cannot be said so, and is asked
    for as it is.

    Raises:
        TypeError: a member is of a type that JSON has no word for.
    """
    schema_of = getattr(kind, "model_json_schema", None)
    schema = msgspec.json.schema(kind) if schema_of is None else schema_of()
    strict = not _has_open_objects(schema)
    if strict:
        schema = _strict(_inlined(schema, schema), schema)
    return {"type": "json_schema", "json_schema": {"name": kind.__name__, "schema": schema, "strict": strict}}


def _has_open_objects(schema: JSON) -> bool:
    """Whether an object of it may have members of any name."""
    if isinstance(schema, list):
        return any(map(_has_open_objects, schema))
    if not isinstance(schema, Mapping):
        return False
    is_open = schema.get("type") == "object" and "properties" not in schema
    return is_open or bool(schema.get("additionalProperties")) or any(map(_has_open_objects, schema.values()))


def _strict(schema: JSON, root: Mapping[str, Any]) -> Any:
    """Return a schema by the rules of the strict form."""
    if isinstance(schema, list):
        return [_strict(item, root) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if len(schema) > 1:
        schema = _inlined(schema, root)  # nothing may stand beside a reference
    plain = {name: value for name, value in schema.items() if name not in ("default", "discriminator")}
    if "oneOf" in plain:
        plain["anyOf"] = plain.pop("oneOf")
    for name, value in plain.items():
        if name in ("properties", "$defs"):
            plain[name] = {member: _strict(inner, root) for member, inner in value.items()}
        elif name not in ("enum", "const", "required", "examples"):
            plain[name] = _strict(value, root)
    if "properties" in plain:
        plain["required"] = [*plain["properties"]]
        plain["additionalProperties"] = False
    return plain


def _inlined(schema: dict[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with what it refers to in its own place; what stands beside the reference goes before."""
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    found = root.get("$defs", {}).get(name)
    if found is None:
        return schema
    return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}

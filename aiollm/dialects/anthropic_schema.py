"""JSON schemas as Claude's structured answers take them.

An object must be closed, and limits of values are refused; what is dropped is told to the model in the description.
Source: the manual's page on structured outputs, and the official client, which rewrites schemas the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ["strict_schema"]

Schema = dict[str, Any]

_KEPT = frozenset({"$ref", "const", "default", "description", "enum", "required", "title", "type"})
_FORMATS = frozenset({"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"})


class _OpenObjectError(Exception):
    """An object of the schema is to take members that it does not name."""


def strict_schema(schema: Mapping[str, Any]) -> Schema | None:
    """Return a schema that Claude can be held to, or None when it has an object that is open on purpose."""
    try:
        return _strict(schema)
    except _OpenObjectError:
        return None


def _strict(schema: Mapping[str, Any]) -> Schema:
    kept: Schema = {}
    told: Schema = {}  # to the model, in words
    for name, value in schema.items():
        if name in _KEPT or (name == "format" and value in _FORMATS) or (name == "minItems" and value in (0, 1)):
            kept[name] = value
        elif name == "items":
            kept[name] = _strict(value)
        elif name in ("anyOf", "oneOf", "allOf"):
            kept["allOf" if name == "allOf" else "anyOf"] = [_strict(one) for one in value]
        elif name in ("properties", "$defs", "definitions"):
            kept[name] = {key: _strict(one) for key, one in value.items()}
        elif name != "additionalProperties" and not name.startswith("$"):
            told[name] = value
    kinds = schema.get("type")
    if "object" in (kinds if isinstance(kinds, list) else [kinds]) or "properties" in schema:
        if schema.get("additionalProperties"):
            raise _OpenObjectError
        kept["additionalProperties"] = False
    if told:
        words = ", ".join(f"{name}: {msgspec.json.encode(value).decode()}" for name, value in told.items())
        kept["description"] = "\n\n".join(filter(None, (kept.get("description"), f"{{{words}}}")))
    return kept

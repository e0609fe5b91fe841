"""What a value of any JSON may be, in words that type checkers follow.

`isinstance(value, dict)` says nothing of what is in the dict, so all that is read from it would be unknown. A value
declared as `JSON` is narrowed by `isinstance` to a dict with names and values, at no cost. Where there is no place to
declare it, the functions below do the same for a call.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from typing_extensions import TypeIs

__all__ = ["EMPTY", "JSON", "is_array", "is_mapping", "is_object"]

JSON: TypeAlias = Mapping[str, Any] | list[Any] | tuple[Any, ...] | str | float | None
"""A value of any JSON: decoded (a dict, a list), or given by a caller (any mapping, a tuple). What is inside is not
said, because every place that reads it checks that itself."""

EMPTY: Mapping[str, Any] = MappingProxyType({})
"""An object without members, for one that is absent or null: `(payload.get("usage") or EMPTY).get("cost")`."""


def is_object(value: object) -> TypeIs[dict[str, Any]]:
    """Whether the value is a decoded JSON object."""
    return isinstance(value, dict)


def is_mapping(value: object) -> TypeIs[Mapping[str, Any]]:
    """Whether the value is a JSON object, decoded or given by a caller as a mapping of any class."""
    return isinstance(value, Mapping)


def is_array(value: object) -> TypeIs[list[Any]]:
    """Whether the value is a decoded JSON array."""
    return isinstance(value, list)

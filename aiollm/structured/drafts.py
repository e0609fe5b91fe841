"""Objects of a class while the answer that is to be one still comes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints, is_typeddict

import attrs
import msgspec

from aiollm.structured.schema import is_structured
from aiollm.types.shape import JSON

__all__ = ["draft"]


class _Member(NamedTuple):
    name: str
    kind: Any
    default: Callable[[], Any]


_Members = Mapping[str, _Member]
"""By their names in JSON."""


def draft(kind: Any, value: JSON) -> Any:
    """Return what there is of a value as objects of its class, not checked.

    A member that has not come has its default, or else is None; one that has come may still be growing.

    Args:
        kind: the type that the whole value is to be of.
        value: what there is of it, as dicts and lists.
    """
    if isinstance(value, dict):
        if is_structured(kind):
            return _object(kind, value)
        inner = _part(kind, dict, is_structured)
        if is_structured(inner):
            return _object(inner, value)
        arguments = get_args(inner)
        return {name: draft(arguments[1], item) for name, item in value.items()} if len(arguments) == 2 else value
    if isinstance(value, list):
        arguments = get_args(_part(kind, list, lambda part: False))
        return [draft(arguments[0], item) for item in value] if arguments else value
    return value


def _part(kind: Any, origin: type, holds: Callable[[Any], bool]) -> Any:
    """Return the first of the types that a union is of, or a type itself, that JSON's arrays or objects can be."""
    if holds(kind) or get_origin(kind) is origin:
        return kind
    parts = get_args(kind)
    if get_origin(kind) is list or get_origin(kind) is dict:
        return None
    return next((found for part in parts if (found := _part(part, origin, holds)) is not None), None)


def _object(kind: Any, value: dict[str, Any]) -> Any:
    members = _members(kind)
    given = {
        member.name: draft(member.kind, value[name]) if name in value else member.default()
        for name, member in members.items()
        if name in value or not is_typeddict(kind)
    }
    if is_typeddict(kind):
        return given
    if hasattr(kind, "model_construct"):
        return kind.model_construct(**given)
    if issubclass(kind, msgspec.Struct):
        return kind(**given)  # which checks nothing
    drawn = kind.__new__(kind)
    for name, item in given.items():
        object.__setattr__(drawn, name, item)  # of frozen classes too
    return drawn


@cache
def _members(kind: Any) -> _Members:
    hints = get_type_hints(kind)
    if hasattr(kind, "model_fields"):
        return {
            field.alias or name: _Member(name, field.annotation, _default_of(field.is_required(), field.get_default))
            for name, field in kind.model_fields.items()
        }
    if issubclass(kind, msgspec.Struct):
        return {
            field.encode_name: _Member(field.name, field.type, _default(field.default, field.default_factory))
            for field in msgspec.structs.fields(kind)
        }
    if attrs.has(kind):
        return {
            field.name: _Member(field.name, hints.get(field.name), _attrs_default(field))
            for field in attrs.fields(kind)
        }
    if dataclasses.is_dataclass(kind):
        return {
            field.name: _Member(field.name, hints.get(field.name), _default(field.default, field.default_factory))
            for field in dataclasses.fields(kind)
        }
    return {name: _Member(name, hint, _nothing) for name, hint in hints.items()}


def _nothing() -> None:
    """Stand for what has not come."""


def _default_of(required: bool, default: Callable[..., Any]) -> Callable[[], Any]:
    return _nothing if required else lambda: default(call_default_factory=True)


def _default(default: Any, factory: Any) -> Callable[[], Any]:
    absent = (dataclasses.MISSING, msgspec.NODEFAULT)
    if factory not in absent:
        return factory  # type: ignore[no-any-return]
    return _nothing if default in absent else lambda: default


def _attrs_default(field: attrs.Attribute[Any]) -> Callable[[], Any]:
    default: Any = field.default
    factory: Callable[[], Any] | None = getattr(default, "factory", None)
    if factory is not None:
        return _nothing if default.takes_self else factory
    return _nothing if default is attrs.NOTHING else lambda: default

"""A section of the configuration as a class whose members say of which kind they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import msgspec

from aiollm.proxy.config.kinds import Kind

__all__ = ["Section", "setting"]


class _Setting(NamedTuple):
    kind: Kind[Any] | type
    default: Any


def setting(kind: Kind[Any] | type, default: Any = None) -> Any:
    """Return what a member is set to in the body of its class.

    Args:
        kind: how it is read; the class of a section within the section.
        default: what it is where the file does not say it.
    """
    return _Setting(kind, default)


class _SectionMeta(msgspec.StructMeta):
    """Keeps the kinds of a section's members, and makes a plain struct of it."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        settings = {member: value for member, value in namespace.items() if isinstance(value, _Setting)}
        defaults = {member: value.default for member, value in settings.items()}
        kinds = {member: value.kind for member, value in settings.items()}
        return super().__new__(mcs, name, bases, {**namespace, **defaults, "kinds": kinds}, **options)


class Section(msgspec.Struct, metaclass=_SectionMeta, frozen=True, kw_only=True):
    """A section.

    Attributes:
        kinds: of each setting, by its name: its kind, or the class of a section within the section.
    """

    kinds: ClassVar[Mapping[str, Kind[Any] | type]] = {}

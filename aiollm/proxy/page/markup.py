"""HTML out of elements: whatever is not markup already is text, and cannot become anything else."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TypeAlias

__all__ = ["Content", "Markup", "element", "markup_of"]

_VOID = frozenset({"br", "circle", "input", "line", "link", "meta", "path", "rect"})


class Markup(str):
    """Text that is HTML. Only this module makes it."""

    __slots__ = ()


Content: TypeAlias = str | float | Iterable["Content"] | None
"""Markup, text, a number, nothing, or several of these."""

Attribute = str | float | bool | None


def markup_of(content: Content) -> Markup:
    """Return what stands between tags."""
    if content is None:
        return Markup()
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return Markup(escape(content))
    if isinstance(content, Iterable):
        return Markup("".join(map(markup_of, content)))
    return Markup(escape(f"{content:g}"))


def element(name: str, /, *content: Content, **attributes: Attribute) -> Markup:
    """Return an element.

    Args:
        name: the tag's name.
        content: what it holds.
        attributes: their names with "_" for "-", and one more "_" at the end of a word that Python keeps for itself.
            True is an attribute without a value; False and None are none.
    """
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{told}>") if name in ("br", "input", "link", "meta") else Markup(f"<{name}{told}/>")
    return Markup(f"<{name}{told}>{markup_of(content)}</{name}>")


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = name.removesuffix("_").replace("_", "-")
    if value is True:
        return f" {name}"
    return f' {name}="{escape(value if isinstance(value, str) else f"{value:g}")}"'

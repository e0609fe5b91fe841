"""What becomes of a dotted name of LiteLLM's: the module itself is asked, and its table for what to say."""

from __future__ import annotations

from importlib import import_module

from aiollm.compat.litellm.differences import Difference, differences

__all__ = ["MODULE", "becomes_of"]

MODULE = "aiollm.compat.litellm"

_MEANS_THE_SAME = Difference("same")


def becomes_of(name: str) -> Difference:
    """Return what becomes of a name, as in "exceptions.RateLimitError", without "litellm." before it."""
    first, *rest = name.split(".")
    row = differences("names").get(first) or differences("settings").get(first)
    if row is not None and (row.kind in ("missing", "idle") or not rest):
        return row
    if _is_there(name):
        return _MEANS_THE_SAME
    said = differences("names").get(rest[-1]) if rest else None
    if said is not None and said.kind == "missing":
        return said
    return Difference("missing", "aiollm.compat.litellm has no such name")


def _is_there(name: str) -> bool:
    """Whether the module has a name: a module below it, or an attribute of one, or of what it has."""
    place, found = MODULE, import_module(MODULE)
    for part in name.split("."):
        place = f"{place}.{part}"
        try:
            found = import_module(place)
        except ImportError:
            try:
                found = getattr(found, part)
            except AttributeError:
                return False
    return True

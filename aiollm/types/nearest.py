"""Known names that are near to a wrong one, for the messages of errors."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["nearest"]


def nearest(name: str, known: Iterable[str], *, n: int = 3, cutoff: float = 0.6) -> list[str]:
    """Return the known names that a wrong one may stand for, the likeliest first.

    Args:
        name: the wrong one.
        known: those that there are.
        n: how many at the most.
        cutoff: how like they must be, from 0 to 1.
    """
    from difflib import get_close_matches  # a millisecond of every start, were it loaded there

    return get_close_matches(name, list(known), n=n, cutoff=cutoff)

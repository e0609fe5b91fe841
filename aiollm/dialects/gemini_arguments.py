"""The arguments of a function call that Vertex AI streams in pieces (`streamFunctionCallArguments`).

A piece names its place by a JSON path (`$.trip.cities[0]`) and holds one value there, or, with `willContinue`, the next
part of a text. The fields are those of google-genai's `types.PartialArg`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from aiollm.types.shape import JSON

__all__ = ["GrowingArguments"]

_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d+)\]|\[['"]([^'"]*)['"]\]""")
_VALUES = ("stringValue", "numberValue", "boolValue")
_MOST_ITEMS = 10_000
"""Longest list that a path may ask for: an index is a number that anybody could write."""


class GrowingArguments:
    """One call's arguments, as far as they have come."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self.value: dict[str, Any] = dict(arguments)

    def add(self, pieces: Iterable[Mapping[str, Any]]) -> None:
        """Put pieces in their places.

        Raises:
            ValueError: a path leads nowhere.
        """
        for piece in pieces:
            steps = [
                int(index) if index else name or quoted
                for name, index, quoted in _STEP.findall(str(piece.get("jsonPath", "")).removeprefix("$"))
            ]
            if not steps or not isinstance(steps[0], str):
                raise ValueError(f"the path {piece.get('jsonPath')!r} of an argument leads nowhere")
            self._put(steps, next((piece[name] for name in _VALUES if name in piece), None))

    def _put(self, steps: list[str | int], value: Any) -> None:
        place: Any = self.value
        for step, following in pairwise(steps):
            place = _inside(place, step, [] if isinstance(following, int) else {})
        last = steps[-1]
        earlier = _inside(place, last, None)
        place[last] = earlier + value if isinstance(earlier, str) and isinstance(value, str) else value


def _inside(place: JSON, step: str | int, new: Any) -> Any:
    """Return what is at a step, which is put there if nothing is."""
    if isinstance(place, list) and isinstance(step, int) and step < _MOST_ITEMS:
        place.extend([None] * (step + 1 - len(place)))
        if place[step] is None:
            place[step] = new
        return place[step]
    if isinstance(place, dict) and isinstance(step, str):
        return place.setdefault(step, new)
    raise ValueError(f"the step {step!r} in the path of an argument fits nothing")

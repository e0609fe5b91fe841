"""The figures of a run, by gateway."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

Figures = dict[str, dict[int, float]]
"""Of one gateway: ``case.figure`` -> round -> what was measured."""


def figures_of(records: Sequence[Mapping[str, Any]]) -> dict[str, Figures]:
    """All numbers of the records, by gateway."""
    found: dict[str, Figures] = {}
    for record in records:
        figures = found.setdefault(record["gateway"], {})
        for case, result in record.get("result", {}).items():
            for name, value in result.items():
                if isinstance(value, int | float):
                    figures.setdefault(f"{case}.{name}", {})[record["round"]] = value
    return found


def middle(figures: Figures, name: str) -> float | None:
    """The median over the rounds; None where it was not measured."""
    values = figures.get(name)
    return median(values.values()) if values else None


def over(figures: Figures, others: Figures, name: str) -> float | None:
    """The median of the differences to another's figure of the same round."""
    pairs = _pairs(figures, others, name)
    return median(mine - theirs for mine, theirs in pairs) if pairs else None


def times(figures: Figures, others: Figures, name: str) -> float | None:
    """The median of the ratios to another's figure of the same round."""
    pairs = _pairs(figures, others, name)
    return median(mine / theirs for mine, theirs in pairs) if pairs else None


def _pairs(figures: Figures, others: Figures, name: str) -> list[tuple[float, float]]:
    mine, theirs = figures.get(name, {}), others.get(name, {})
    return [(mine[number], theirs[number]) for number in mine if number in theirs]

"""The figures of a run, by gateway."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Self

Figures = dict[str, dict[int, float]]
"""Of one gateway: ``case.figure`` -> round -> what was measured."""


@dataclass(frozen=True)
class Spread:
    """What the rounds have in the middle, and the quarters above and below it."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self | None:
        """The spread of some values; None where there are none."""
        known = sorted(values)
        if not known:
            return None
        lower, median, upper = quantiles(known, method="inclusive") if len(known) > 1 else known * 3
        return cls(median, lower, upper)

    def shown(self, digits: int) -> str:
        """The median, and the quartiles in brackets where they differ in what is shown."""
        median, lower, upper = (f"{value:,.{digits}f}" for value in (self.median, self.lower, self.upper))
        return median if lower == upper else f"{median} ({lower} to {upper})"


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


def middle(figures: Figures, name: str) -> Spread | None:
    """The spread over the rounds; None where it was not measured."""
    return Spread.of(figures.get(name, {}).values())


def over(figures: Figures, others: Figures, name: str) -> Spread | None:
    """The spread of the differences to another's figure of the same round."""
    return Spread.of(mine - theirs for mine, theirs in _pairs(figures, others, name))


def times(figures: Figures, others: Figures, name: str) -> Spread | None:
    """The spread of the ratios to another's figure of the same round."""
    return Spread.of(mine / theirs for mine, theirs in _pairs(figures, others, name))


def _pairs(figures: Figures, others: Figures, name: str) -> list[tuple[float, float]]:
    mine, theirs = figures.get(name, {}), others.get(name, {})
    return [(mine[number], theirs[number]) for number in mine if number in theirs]

"""Percentiles, and medians over rounds."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any


def percentile(values: Sequence[float] | Iterable[float], percent: float) -> float:
    """The value at or below which ``percent`` of ``values`` lie (nearest rank); NaN when there are none."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]


def medians(records: Iterable[dict[str, Any]]) -> dict[str, float]:
    """The median of every number in ``records``, by name."""
    series: dict[str, list[float]] = {}
    for record in records:
        for name, value in record.items():
            if isinstance(value, int | float):
                series.setdefault(name, []).append(value)
    return {name: median(values) for name, values in series.items()}

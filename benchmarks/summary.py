"""From records to figures: medians over rounds, and medians of the ratios to the floor of the same round."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.libraries import FLOOR
from benchmarks.medians import medians


@dataclass
class Cell:
    """One library in one cell of one scenario."""

    values: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


Summary = dict[tuple[str, str, str], Cell]


def summarise(records: Iterable[dict[str, Any]]) -> Summary:
    """The cells by scenario, cell and library."""
    results: dict[tuple[str, str, str], dict[int, dict[str, Any]]] = defaultdict(dict)
    summary: Summary = defaultdict(Cell)
    for record in records:
        key = record["scenario"], record["cell"], record["library"]
        if "failure" in record:
            summary[key].failures.append(record["failure"])
        else:
            results[key][record["round"]] = record["result"]
    for key, rounds in results.items():
        scenario, cell, _ = key
        summary[key].values = medians(rounds.values())
        summary[key].ratios = _ratios(rounds, results.get((scenario, cell, FLOOR), {}))
    return summary


def _ratios(rounds: dict[int, dict[str, Any]], floor: dict[int, dict[str, Any]]) -> dict[str, float]:
    series: dict[str, list[float]] = defaultdict(list)
    for number, result in rounds.items():
        for name, value in result.items():
            reference = floor.get(number, {}).get(name)
            if isinstance(value, int | float) and isinstance(reference, int | float) and reference > 0:
                series[name].append(value / reference)
    return {name: median(values) for name, values in series.items()}

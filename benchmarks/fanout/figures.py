"""The figures of a run: medians over rounds, and their ratios to the floor of the same round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.libraries import FLOOR

Records = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Figures:
    """One contender in one case.

    Attributes:
        cpu_us: microseconds of CPU for each chunk, or for each request where answers are whole.
        cpu_to_floor: how many times the floor's that is; None where the floor was not measured.
        per_second: requests a second.
        speed_to_floor: which part of the floor's that is.
        growth_mb: by how much the process grew.
    """

    cpu_us: float
    cpu_to_floor: float | None
    per_second: float
    speed_to_floor: float | None
    growth_mb: float


def figures_of(records: Records, case: str, contender: str) -> Figures | None:
    """The figures of a contender in a case, or None where no measurement of it came to an end."""
    own, floor = _by_round(records, case, contender), _by_round(records, case, FLOOR)
    if not own:
        return None
    both = own.keys() & floor.keys()

    def to_floor(figure: str) -> float | None:
        return median(own[number][figure] / floor[number][figure] for number in both) if both else None

    def middle(figure: str) -> float:
        return median(result[figure] for result in own.values())

    return Figures(
        middle("cpu_us"), to_floor("cpu_us"), middle("per_second"), to_floor("per_second"), middle("growth_mb")
    )


def times_ours(records: Records, case: str, contender: str) -> float | None:
    """How many times our CPU a contender takes, as the median over rounds; None where one was not measured."""
    own, ours = _by_round(records, case, contender), _by_round(records, case, "aiollm")
    both = own.keys() & ours.keys()
    return median(own[number]["cpu_us"] / ours[number]["cpu_us"] for number in both) if both else None


def _by_round(records: Records, case: str, contender: str) -> dict[int, Mapping[str, float]]:
    return {
        record["round"]: record["result"]
        for record in records
        if (record["case"], record["contender"]) == (case, contender) and "result" in record
    }

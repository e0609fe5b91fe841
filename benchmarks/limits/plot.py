"""The picture of a run: ``python -m benchmarks.limits.plot RESULTS.json PICTURE.png``, with matplotlib installed."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.limits.cases import CASES

SERVED, REFUSED, LIMIT = "#0b7285", "#c92a2a", "#495057"
BIN = 5
"""Seconds of a bar."""


def draw(run: Mapping[str, Any], path: Path) -> None:
    """Write the picture."""
    records = run["records"]
    mpl.rcParams.update({"font.size": 10, "axes.titlesize": 11})
    figure = Figure(figsize=(9, 1.7 * len(records) + 0.4), layout="constrained")
    panels = figure.subplots(len(records), 1, squeeze=False)[:, 0]
    for axes, record in zip(panels, records, strict=True):
        _panel(axes, record)
    panels[-1].set_xlabel("seconds")
    panels[0].legend(loc="upper right", ncols=3, frameon=False, fontsize=9)
    figure.savefig(path, dpi=130, facecolor="white")


def _panel(axes: Axes, record: Mapping[str, Any]) -> None:
    case, seconds = CASES[record["case"]], record["seconds"]
    served, refused = (_by_bin(record[f"{what}_by_second"]) for what in ("served", "refused"))
    starts = [number * BIN for number in range(len(served))]
    axes.bar(starts, served, width=BIN * 0.9, align="edge", color=SERVED, label="served")
    axes.bar(starts, refused, width=BIN * 0.9, align="edge", bottom=served, color=REFUSED, label="refused")
    limits = [case.rate(start, seconds) for start in starts]
    axes.step([*starts, seconds], [*limits, limits[-1]], where="post", color=LIMIT, linewidth=1.4, label="the limit")
    axes.set_title(case.title, loc="left")
    axes.set_ylabel("a second")
    axes.set_xlim(0, seconds)
    axes.set_ylim(0, 3 * max(limits))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e3e7eb")
    axes.set_axisbelow(True)


def _by_bin(counts: Sequence[int]) -> list[float]:
    """Counts of seconds as means a second, over the seconds of each bar."""
    parts = [counts[start : start + BIN] for start in range(0, len(counts), BIN)]
    return [sum(part) / len(part) for part in parts]


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))

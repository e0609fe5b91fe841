"""The picture of a run: ``python -m benchmarks.fanout.plot RESULTS.json PICTURE.png``, with matplotlib installed."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.fanout.cases import CONTENDERS
from benchmarks.fanout.figures import figures_of

COLOURS = {"floor": "#9aa5b1", "aiollm": "#0b7285"}
OTHERS = "#d9a15b"
PANELS = (
    ("streams", "cpu_us", "CPU per chunk\n500 streams at a time (µs)"),
    ("short", "cpu_us", "CPU per request\nshort ones (µs)"),
    ("short", "per_second", "Requests a second\nshort ones"),
)


def draw(run: Mapping[str, Any], path: Path) -> None:
    """Write the picture."""
    mpl.rcParams.update({"font.size": 10, "axes.titlesize": 11})
    figure = Figure(figsize=(4.6 * len(PANELS), 0.42 * len(CONTENDERS) + 1.5), layout="constrained")
    for axes, (case, name, title) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        found = {contender: figures_of(run["records"], case, contender) for contender in CONTENDERS}
        _panel(axes, {contender: getattr(figures, name) for contender, figures in found.items() if figures}, title)
    figure.savefig(path, dpi=130, facecolor="white")


def _panel(axes: Axes, values: Mapping[str, float], title: str) -> None:
    for row, (contender, value) in enumerate(values.items()):
        axes.barh(row, value, color=COLOURS.get(contender, OTHERS), height=0.72)
        axes.text(value * 1.12, row, f"{value:,.0f}", va="center")
    axes.set_yticks(range(len(values)), list(values))
    axes.set_xscale("log")
    axes.set_xlim(min(values.values()) / 4, max(values.values()) * 4)
    axes.invert_yaxis()
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", which="major", color="#e3e7eb")
    axes.set_axisbelow(True)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))

"""The picture of a run: ``python -m benchmarks.proxy.plot RESULTS.json PICTURE.png``, with matplotlib installed."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from benchmarks.proxy.gateways import OURS, RELAY
from benchmarks.proxy.summary import figures_of, middle

COLOURS = {RELAY: "#9aa5b1", OURS: "#0b7285"}
OTHERS = "#d9a15b"
PANELS = (
    ("whole.cpu_us", "a request (µs)"),
    ("paced32.cpu_us", "a paced frame (µs)"),
    ("blast.cpu_us", "a frame of a blast (µs)"),
)


def draw(run: Mapping[str, Any], path: Path) -> None:
    """Write the picture."""
    found = figures_of(run["records"])
    mpl.rcParams.update({"font.size": 10, "axes.titlesize": 11})
    figure = Figure(figsize=(4.2 * len(PANELS), 0.42 * len(run["gateways"]) + 1.5), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        costs = {gateway: middle(found.get(gateway, {}), name) for gateway in run["gateways"]}
        _panel(axes, [(gateway, cost and cost.median) for gateway, cost in costs.items()])
        axes.set_title(f"Processor time of {title}", loc="left")
    figure.savefig(path, dpi=150, facecolor="white")


def _panel(axes: Axes, bars: Sequence[tuple[str, float | None]]) -> None:
    lengths = [length for _, length in bars if length]
    for row, (gateway, length) in enumerate(bars):
        if length:
            axes.barh(row, length, color=COLOURS.get(gateway, OTHERS), height=0.72)
            axes.text(length * 1.12, row, f"{length:,.{1 if length < 10 else 0}f}", va="center")
        else:
            axes.text(min(lengths, default=1) / 3, row, "failed", va="center", color="#868e96")
    axes.set_yticks(range(len(bars)), [gateway for gateway, _ in bars])
    axes.set_xscale("log")
    axes.set_xlim(min(lengths, default=1) / 4, max(lengths, default=1) * 5)
    axes.xaxis.set_major_locator(LogLocator(numticks=12))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", which="major", color="#e3e7eb")
    axes.set_axisbelow(True)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))

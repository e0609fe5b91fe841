"""The picture of a run: ``python -m benchmarks.plot RESULTS.json PICTURE.png``, with matplotlib installed."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from benchmarks.summary import Summary, summarise

COLOURS = {"floor": "#9aa5b1", "aiollm": "#0b7285"}
OTHERS = "#d9a15b"
CPU_PANELS = (
    ("saturated", "chunked", "CPU per chunk\none saturated stream (µs)"),
    ("paced", "1,000 streams", "CPU per chunk\n1,000 streams at 20 tokens/s (µs)"),
)
STOP_PANEL = ("stopping", "`break`", "Upstream stops after break\np99 (ms)")
ON_COLLECTION_MS = 3_000


def draw(run: Mapping[str, Any], path: Path) -> bool:
    """Write the picture; false when the run has none of its figures."""
    summary = summarise(run["records"])
    panels = [panel for panel in (*CPU_PANELS, STOP_PANEL) if any(key[:2] == panel[:2] for key in summary)]
    if not panels:
        return False
    mpl.rcParams.update({"font.size": 10, "axes.titlesize": 11})
    figure = Figure(figsize=(4.6 * len(panels), 0.42 * len(run["libraries"]) + 1.5), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _panel(axes, summary, run["libraries"], panel)
    figure.savefig(path, dpi=150, facecolor="white")
    return True


def _panel(axes: Axes, summary: Summary, libraries: Sequence[str], panel: tuple[str, str, str]) -> None:
    scenario, cell, title = panel
    bars = []
    for library in libraries:
        found = summary.get((scenario, cell, library))
        if found and found.values:
            bars.append((library, *(_stop(found.values) if panel is STOP_PANEL else _cpu(found.values))))
    for row, (library, length, label) in enumerate(bars):
        open_ended = not label[:1].isdigit()
        axes.barh(
            row,
            length,
            color=COLOURS.get(library, OTHERS),
            alpha=0.5 if open_ended else 1.0,
            height=0.72,
        )
        inside = {"x": length * 0.8, "ha": "right"}
        axes.text(y=row, s=label, va="center", **(inside if open_ended else {"x": length * 1.12}))
    axes.set_yticks(range(len(bars)), [library for library, _, _ in bars])
    lengths = [length for _, length, _ in bars]
    axes.set_xscale("log")
    stopping = panel is STOP_PANEL
    axes.set_xlim((0.05, ON_COLLECTION_MS) if stopping else (min(lengths) / 4, max(lengths) * 4))
    axes.xaxis.set_major_locator(LogLocator(numticks=12))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.invert_yaxis()
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", which="major", color="#e3e7eb")
    axes.set_axisbelow(True)


def _cpu(values: Mapping[str, float]) -> tuple[float, str]:
    return values["cpu_us"], f"{values['cpu_us']:,.{1 if values['cpu_us'] < 10 else 0}f}"


def _stop(values: Mapping[str, float]) -> tuple[float, str]:
    if values["at_once"] == values["trials"]:
        return values["p99_ms"], f"{values['p99_ms']:.1f}"
    return ON_COLLECTION_MS, "never" if values["ran_on"] > values["trials"] / 2 else "not until collected"


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))

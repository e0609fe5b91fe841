"""The course of a job as a picture, by matplotlib."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aiollm.jobs.summary import Summary, Tally

__all__ = ["check_picture", "draw"]

KINDS = (".png", ".svg", ".pdf")

_DONE, _FAILED, _THROTTLED, _LINE = "#0b7285", "#c92a2a", "#d9a15b", "#495057"


def check_picture(path: Path) -> None:
    """Raise where no picture can be drawn into this file.

    Raises:
        ValueError: its name ends in none of .png, .svg and .pdf.
        ImportError: matplotlib is not installed.
    """
    if path.suffix.lower() not in KINDS:
        raise ValueError(f"{path}: a picture is drawn into files named {', '.join(KINDS)}")
    if find_spec("matplotlib") is None:
        raise ImportError("pictures are drawn by matplotlib, which is not installed: pip install 'aiollm[plot]'")


def draw(tally: Tally, summary: Summary, path: Path) -> None:
    """Draw what ended when, and how long answers took.

    Raises:
        ValueError, ImportError: see `check_picture`.
        OSError: the file cannot be written.
    """
    check_picture(path)
    from matplotlib.figure import Figure

    figure: Any = Figure(  # not all of matplotlib has types
        figsize=(9, 7.5), layout="constrained"
    )
    requests, tokens, waits = figure.subplots(3, 1)
    _draw_requests(requests, tally)
    _draw_tokens(tokens, tally)
    _draw_waits(waits, tally)
    for axes in (requests, tokens, waits):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e3e7eb")
        axes.set_axisbelow(True)
    figure.suptitle(f"{summary.reason or 'going on'}: {summary}", fontsize=9, x=0.01, ha="left")
    figure.savefig(path, dpi=130, facecolor="white")


def _draw_requests(axes: Any, tally: Tally) -> None:
    course = tally.course
    starts = [number * course.seconds for number in range(len(course.steps))]
    below = [0.0] * len(starts)
    for label, colour, counts in (
        ("answered", _DONE, [step.done for step in course.steps]),
        ("failed", _FAILED, [step.failed for step in course.steps]),
        ("throttled", _THROTTLED, [step.throttled for step in course.steps]),
    ):
        rates = [count / course.seconds for count in counts]
        axes.bar(starts, rates, width=course.seconds, bottom=below, align="edge", color=colour, label=label)
        below = [low + rate for low, rate in zip(below, rates, strict=True)]
    axes.set_title("Requests a second", loc="left")
    axes.legend(loc="upper right", ncols=3, frameon=False)


def _draw_tokens(axes: Any, tally: Tally) -> None:
    course = tally.course
    edges = [number * course.seconds for number in range(len(course.steps) + 1)]
    axes.stairs([step.tokens / course.seconds for step in course.steps], edges, color=_DONE, fill=True)
    axes.set_title("Tokens of answers a second", loc="left")
    axes.set_xlabel("seconds since the job began")


def _draw_waits(axes: Any, tally: Tally) -> None:
    for label, colour, spread in (("answer", _DONE, tally.latency), ("first token", _LINE, tally.first_token)):
        points = [*spread.shares()]
        if points:
            waits, shares = zip(*points, strict=True)
            axes.step(waits, [100 * share for share in shares], where="post", color=colour, label=label)
    if tally.done:
        axes.set_xscale("log")
        axes.legend(loc="lower right", frameon=False)
    axes.set_ylim(0, 100)
    axes.set_title("Of 100 answers, so many within these seconds", loc="left")
    axes.set_xlabel("seconds")

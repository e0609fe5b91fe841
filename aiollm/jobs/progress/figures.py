"""What is told of a job that goes on, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from aiollm.jobs.summary import Summary

__all__ = ["figures_of", "line_of", "sentence_of"]

_SELF_EXPLAINING = {"cost", "time"}


def figures_of(summary: Summary) -> dict[str, str]:
    """Return what is to be told of a job, by its name: those that say something."""
    of = "" if summary.total is None else f" of {summary.total:,}"
    figures = {"answered": f"{summary.ended - summary.failed:,}{of}"}
    counts = {"failed": summary.failed, "at a time": summary.in_flight, "throttled": summary.throttled}
    figures |= {name: f"{count:,}" for name, count in counts.items() if count}
    figures["tokens/s"] = f"{summary.tokens_per_second:,.0f}"
    figures["cost"] = f"${summary.cost:.4f}"
    figures["time"] = _duration(summary.elapsed)
    if summary.reason is None and summary.seconds_left is not None:
        figures["left"] = f"about {_duration(summary.seconds_left)}"
    return figures


def line_of(summary: Summary) -> str:
    """Return these in one line."""
    return sentence_of(figures_of(summary))


def sentence_of(figures: Mapping[str, str]) -> str:
    """Return figures as a part of a sentence."""
    return ", ".join(text if name in _SELF_EXPLAINING else f"{text} {name}" for name, text in figures.items())


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"

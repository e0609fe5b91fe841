"""How far a job is, below the cell of a notebook that runs it."""

from __future__ import annotations

import sys
from html import escape
from typing import Any

from aiollm.jobs.progress.figures import figures_of, line_of
from aiollm.jobs.summary import Summary

__all__ = ["Cell", "html_of", "in_notebook"]


def in_notebook() -> bool:
    """Whether the program is the cells of a notebook, whose kernel shows more than text."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class Cell:
    """An output of the cell, written anew in its place. It stays when the job has ended, with the notebook."""

    seconds: float = 0.5

    def __init__(self) -> None:
        self._output: Any = None

    def show(self, summary: Summary) -> None:
        from IPython.display import display  # pyright: ignore[reportUnknownVariableType]  # its types are partial

        data = {"text/html": html_of(summary), "text/plain": line_of(summary)}
        if self._output is None:
            self._output = display(data, raw=True, display_id=True)
        else:
            self._output.update(data, raw=True)

    def end(self, summary: Summary) -> None:
        if self._output is not None:
            self.show(summary)


def html_of(summary: Summary) -> str:
    """Return a bar, where the length is known, and a table."""
    parts = [] if summary.reason is None else [f"<b>{escape(summary.reason)}</b>"]
    if summary.total:
        parts.append(f'<progress value="{summary.ended}" max="{summary.total}" style="width: 24em"></progress>')
    figures = figures_of(summary)
    heads = "".join(f"<th>{escape(name)}</th>" for name in figures)
    cells = "".join(f"<td>{escape(text)}</td>" for text in figures.values())
    parts.append(f"<table><tr>{heads}</tr><tr>{cells}</tr></table>")
    return "<br>".join(parts)

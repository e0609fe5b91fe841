"""How far a job is, on stderr."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from typing import Any

from aiollm.jobs.progress.figures import figures_of, line_of, sentence_of
from aiollm.jobs.summary import Summary

__all__ = ["Bar", "Line", "Lines", "has_rich", "on_terminal"]

_ERASE = "\r\x1b[2K"
_BAR_COLUMNS = 40


def on_terminal() -> bool:
    """Whether stderr is a terminal; one that the shell closed is None."""
    return sys.stderr is not None and sys.stderr.isatty()


def has_rich() -> bool:
    """Whether rich is installed, which comes with the extra `progress`."""
    return find_spec("rich") is not None


class Bar:
    """A bar and the figures below it, by rich. It stays when the job has ended.

    What the program prints meanwhile stands above it.
    """

    seconds: float = 0.5

    def __init__(self) -> None:
        self._live: Any = None

    def show(self, summary: Summary) -> None:
        from rich.console import Console
        from rich.live import Live

        if self._live is None:
            # It draws when it is told to, without a thread of its own. A stdout that goes elsewhere is left alone.
            self._live = Live(console=Console(stderr=True), auto_refresh=False, redirect_stdout=sys.stdout.isatty())
            self._live.start()
        self._live.update(_drawn(summary), refresh=True)

    def end(self, summary: Summary) -> None:
        if self._live is None:
            return
        try:
            self.show(summary)
        finally:
            self._live.stop()


def _drawn(summary: Summary) -> Any:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    columns = Table.grid(padding=(0, 2))
    figures = figures_of(summary)
    answered = figures.pop("answered")
    ended = summary.reason is not None
    bar = ProgressBar(
        total=summary.total or (1.0 if ended else None),
        completed=summary.ended if summary.total else 1.0,
        width=_BAR_COLUMNS,
        pulse=not summary.total and not ended,
    )
    columns.add_row(bar, f"{answered} answered")
    drawn = Table.grid()
    drawn.add_row(columns)
    drawn.add_row(sentence_of(figures))
    return drawn


class Line:
    """A line that is written anew in its place, and taken away at the end."""

    seconds: float = 0.5

    def show(self, summary: Summary) -> None:
        width = shutil.get_terminal_size().columns - 1  # a longer one would not be erased whole
        _write(f"{_ERASE}{line_of(summary)[:width]}")

    def end(self, summary: Summary) -> None:
        _write(_ERASE)


class Lines:
    """A line now and then, where there is no terminal."""

    seconds: float = 30.0

    def show(self, summary: Summary) -> None:
        _write(f"{line_of(summary)}\n")

    def end(self, summary: Summary) -> None:
        """Leave the last words to the program."""


def _write(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(text)
        sys.stderr.flush()

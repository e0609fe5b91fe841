"""Tells somebody how far a job is, now and then and at its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from aiollm.jobs.progress.log import Log
from aiollm.jobs.progress.notebook import Cell, in_notebook
from aiollm.jobs.progress.terminal import Bar, Line, Lines, has_rich, on_terminal
from aiollm.jobs.summary import Summary

__all__ = ["Display", "Progress", "Wanted", "display_for"]

Wanted = bool | Callable[[Summary], object] | None
"""Who is told of a job: see `map`."""

_logger = logging.getLogger("aiollm.jobs")


class Display(Protocol):
    """Where it is told.

    Attributes:
        seconds: how long after the beginning, and after each time, the next is due. What ends before is not shown.
    """

    seconds: float

    def show(self, summary: Summary) -> None:
        """Tell of a job that goes on."""

    def end(self, summary: Summary) -> None:
        """Tell how it ended, and leave the place as it is to stay."""


class Progress:
    """Tells a display of a job, by a timer of the running loop. A display that fails is left alone from then on.

    Args:
        display: where it is told; None for nowhere.
        summary: what the job has come to.
    """

    def __init__(self, display: Display | None, summary: Callable[[], Summary]) -> None:
        self._display = display
        self._summary = summary
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    def end(self) -> None:
        """Tell how the job ended."""
        if self._timer is not None:
            self._timer.cancel()
        if self._display is not None:
            self._tell(self._display.end)

    def _wait(self) -> None:
        if self._display is not None:
            self._timer = asyncio.get_running_loop().call_later(self._display.seconds, self._show)

    def _show(self) -> None:
        assert self._display is not None
        self._tell(self._display.show)
        self._wait()

    def _tell(self, how: Callable[[Summary], object]) -> None:
        try:
            how(self._summary())
        except Exception:
            _logger.warning("the progress of a job cannot be shown; the job goes on", exc_info=True)
            self._display = None


class _Function:
    """A function, called with the summary each second and at the end."""

    seconds = 1.0

    def __init__(self, function: Callable[[Summary], object]) -> None:
        self._function = function

    def show(self, summary: Summary) -> None:
        self._function(summary)

    def end(self, summary: Summary) -> None:
        self._function(summary)


def display_for(wanted: Wanted) -> Display | None:
    """Return where a job is to be told of.

    Raises:
        TypeError: it is none of what `progress=` may be.
    """
    if wanted is False:
        return None
    if callable(wanted):
        return _Function(wanted)
    if wanted not in (True, None):
        raise TypeError(f"progress must be True, False, None or a function; got a {type(wanted).__name__}")
    if in_notebook():
        return Cell()
    if on_terminal():
        # Without rich, what the program prints and a line that is rewritten would get into each other's way.
        return Bar() if has_rich() else Line() if wanted else Log()
    return Lines() if wanted else Log()

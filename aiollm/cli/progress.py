"""How far a job is: a line that is written anew on a terminal, else a line now and then."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiollm.cli.terminal import is_terminal, say
from aiollm.jobs.summary import Summary

__all__ = ["Progress", "line_of"]

TERMINAL_SECONDS = 0.5
LOG_SECONDS = 30.0
_ERASE = "\r\x1b[2K"


class Progress:
    """Tells on stderr how far a job is, for as long as the block lasts.

    Args:
        summary: tells what the job has come to.
    """

    def __init__(self, summary: Callable[[], Summary]) -> None:
        self._summary = summary
        self._terminal = is_terminal(sys.stderr)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._tell())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait({self._task})
        if self._terminal:
            print(_ERASE, end="", file=sys.stderr, flush=True)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TERMINAL_SECONDS if self._terminal else LOG_SECONDS)
            line = line_of(self._summary())
            if self._terminal:
                width = shutil.get_terminal_size().columns - 1  # a longer one would not be erased whole
                print(f"{_ERASE}{line[:width]}", end="", file=sys.stderr, flush=True)
            else:
                say(line)


def line_of(summary: Summary) -> str:
    """Return one line about a job that goes on."""
    of = "" if summary.total is None else f" of {summary.total:,}"
    parts = [f"{summary.ended:,}{of}"]
    counts = {"failed": summary.failed, "at a time": summary.in_flight, "throttled": summary.throttled}
    parts += [f"{count:,} {name}" for name, count in counts.items() if count]
    parts += [f"{summary.tokens_per_second:,.0f} tokens/s", f"${summary.cost:.4f}", f"{summary.elapsed:.0f} s"]
    if summary.seconds_left is not None:
        parts.append(f"about {summary.seconds_left:.0f} s left")
    return ", ".join(parts)

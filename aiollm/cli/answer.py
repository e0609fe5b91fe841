"""Printing one answer while it comes."""

from __future__ import annotations

import sys
import time

from aiollm.cli.account import Account
from aiollm.cli.terminal import is_terminal, printable
from aiollm.sync.stream import SyncStream
from aiollm.types.chunk import Delta

__all__ = ["Answer"]

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class Answer:
    """One answer on stdout: its text as it comes, and on a terminal its reasoning before that, dimmed."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._terminal = is_terminal(sys.stdout)
        self._dimmed = False
        self._line_is_open = False
        self._pieces = 0
        self._reasoned = False
        self._first_at = 0.0
        self._last_at = 0.0

    @property
    def text(self) -> str:
        """The text so far, without the reasoning."""
        return "".join(self._text)

    def print(self, stream: SyncStream) -> Account:
        """Print a stream to its end, and return its account.

        Raises:
            APIError: the answer broke off; what came before is printed.
            OSError: stdout cannot be written to.
        """
        try:
            for chunk in stream:
                for choice in chunk.choices:
                    self._add(choice.delta)
        finally:
            self._end_line()
        return Account(
            first_token=stream.first_token,
            span=self._last_at - self._first_at,
            pieces=self._pieces,
            reasoned=self._reasoned,
            usage=stream.usage,
            finish_reason=stream.finish_reason,
        )

    def _add(self, delta: Delta) -> None:
        reasoning, text = delta.reasoning_content, delta.content or delta.refusal
        if not reasoning and not text:
            return
        self._pieces += 1
        self._last_at = time.perf_counter()
        self._first_at = self._first_at or self._last_at
        if reasoning:
            self._reasoned = True
            if self._terminal:
                self._write("" if self._dimmed else _DIM, reasoning)
                self._dimmed = True
        if text:
            self._text.append(text)
            self._write(f"{_PLAIN}\n\n" if self._dimmed else "", text)
            self._dimmed = False

    def _write(self, style: str, text: str) -> None:
        print(style + (printable(text) if self._terminal else text), end="", flush=True)
        self._line_is_open = not text.endswith("\n")

    def _end_line(self) -> None:
        if self._dimmed or self._line_is_open:
            print(_PLAIN if self._dimmed else "", flush=True)
        self._dimmed = self._line_is_open = False

"""One line on the terminal that tells why nothing is heard yet."""

from __future__ import annotations

import sys
from typing import TextIO

import msgspec

__all__ = ["ProgressLine"]


def _terminal() -> TextIO | None:
    return sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None


class ProgressLine(msgspec.Struct, frozen=True):
    """A line on stderr that is rewritten in place and cleared in the end; silent where stderr is no terminal."""

    text: str
    _stream: TextIO | None = msgspec.field(default_factory=_terminal)

    def show(self, seconds: float) -> None:
        """Write the line with the seconds passed so far."""
        self._write(f"\r{self.text} {seconds:.1f} s")

    def clear(self) -> None:
        """Leave the terminal as it was."""
        self._write("\r\x1b[K")

    def _write(self, characters: str) -> None:
        if self._stream is not None:
            self._stream.write(characters)
            self._stream.flush()

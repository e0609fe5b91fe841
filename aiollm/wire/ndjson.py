"""Newline-delimited JSON: bytes in, frames out. One JSON value a line, as Ollama streams (https://ndjson.org).

Lines end in LF, with or without a CR before it; an empty line means nothing. An unterminated last line is used when it
is JSON. Bytes of a line that is not complete are kept in the pieces they came in and joined once, so time is linear in
the bytes however they are cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from aiollm.exceptions import EventTooLarge
from aiollm.types.lenient import is_json
from aiollm.wire.frame import Frame
from aiollm.wire.sse import MAX_EVENT_BYTES

__all__ = ["NDJSONFramer"]


class NDJSONFramer:
    """Cuts an `application/x-ndjson` body into frames.

    Args:
        max_event_bytes: longest line; a longer one raises `EventTooLarge`, so that no buffer grows without a limit.
    """

    content_type: ClassVar[str] = "application/x-ndjson"
    beginnings: ClassVar[frozenset[bytes]] = frozenset({b"{"})

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._pieces: list[bytes] = []  # of the line that is not complete yet
        self._size = 0  # of the pieces

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes and give the lines they complete."""
        first, *lines = data.split(b"\n")
        self._keep(first)
        if lines:
            rest = lines.pop()
            yield from self._frames([self._take(), *lines])
            self._keep(rest)
        self._check(self._size)

    def finish(self) -> Iterator[Frame]:
        """Say that the body has ended, and give the unterminated last line if it is whole."""
        rest = self._take()
        if is_json(rest):
            yield from self._frames([rest])

    def _frames(self, lines: list[bytes]) -> Iterator[Frame]:
        for line in lines:
            self._check(len(line))
            if payload := line.strip():
                yield Frame("", payload)

    def _check(self, size: int) -> None:
        if size > self._max_event_bytes:
            raise EventTooLarge(
                f"a line of the stream is longer than max_event_bytes = {self._max_event_bytes}", phase="stream"
            )

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self._size += len(piece)

    def _take(self) -> bytes:
        line = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        return line

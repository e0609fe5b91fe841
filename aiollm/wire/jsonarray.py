"""A JSON array that arrives element by element, as Gemini streams without `alt=sse`: bytes in, a frame an element.

An element is given as soon as its last byte has come, before the comma or the bracket behind it. Strings are skipped as
a whole, so that a bracket in a text counts for nothing. Time is linear in the bytes however they are cut: each byte is
looked at once, and the pieces of an element that is not complete are joined once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from aiollm.exceptions import EventTooLarge
from aiollm.types.lenient import is_json
from aiollm.wire.frame import Frame
from aiollm.wire.sse import MAX_EVENT_BYTES, SSEFramer

__all__ = ["ArrayOrEventsFramer", "JSONArrayFramer"]

_BLANK = b" \t\r\n"
_OPENING, _CLOSING = b"[{", b"]}"
# What a string still has before its closing quote. Possessive: a string of megabytes must not be kept for going back.
_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
# What is passed over before the next bracket (between elements, or comma), or before a string whose end has not come.
_IN_ELEMENT = re.compile(rb'[^"\[\]{}]*+(?:"' + _STRING.pattern + rb'"[^"\[\]{}]*+)*+', re.DOTALL)
_BETWEEN_ELEMENTS = re.compile(rb'[^",\[\]{}]*+(?:"' + _STRING.pattern + rb'"[^",\[\]{}]*+)*+', re.DOTALL)


class JSONArrayFramer:
    """Cuts a body that is one JSON array into its elements.

    What follows the array is read as server-sent events: there is nothing, or the error of a server that failed late.

    Args:
        max_event_bytes: longest element; a longer one raises `EventTooLarge`, so that no buffer grows without a limit.
    """

    content_type: ClassVar[str] = "application/json"
    beginnings: ClassVar[frozenset[bytes]] = frozenset({b"["})

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._pieces: list[bytes] = []  # of the element that is not complete yet
        self._size = 0  # of the pieces
        self._depth = 0  # of brackets; 1 between the elements
        self._in_string = False
        self._escaped = False  # the last byte was a backslash in a string
        self._after: SSEFramer | None = None  # once the array has ended

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes and give the elements they complete."""
        if self._after is not None:
            yield from self._after.feed(data)
            return
        start = at = 0
        while at < len(data):
            if self._in_string:
                at = self._skip_string(data, at)
                continue
            match = (_BETWEEN_ELEMENTS if self._depth == 1 else _IN_ELEMENT).match(data, at)
            assert match is not None  # it matches nothing at the least
            at = match.end() + 1
            mark = data[at - 1 : at]
            if mark == b'"':
                self._in_string = True
            elif mark and self._count(mark):
                start = at  # the array begins here
            elif mark and self._depth <= 1:
                yield from self._element(data[start : at - 1 if mark == b"," or not self._depth else at])
                start = at
                if not self._depth:
                    self._after = SSEFramer(self._max_event_bytes)
                    yield from self._after.feed(data[at:])
                    return
        self._keep(data[start:])

    def finish(self) -> Iterator[Frame]:
        """Say that the body has ended, and give an unterminated last element if it is whole."""
        if self._after is not None:
            yield from self._after.finish()
        elif is_json(rest := b"".join(self._pieces).strip(_BLANK)):
            yield Frame("", rest)

    def _count(self, bracket: bytes) -> bool:
        """Count a bracket, and tell whether it opens the array."""
        if bracket in _OPENING:
            self._depth += 1
            return self._depth == 1
        if bracket in _CLOSING:
            self._depth -= 1
        return False

    def _skip_string(self, data: bytes, at: int) -> int:
        """Return the place behind the string's end, or the end of the data."""
        if self._escaped:
            self._escaped = False
            at += 1
        match = _STRING.match(data, at)
        assert match is not None  # it matches nothing at the least
        end = match.end()
        if end < len(data):
            self._escaped = data[end : end + 1] == b"\\"  # the last byte; what it escapes is in the next piece
            self._in_string = self._escaped
        return end + 1

    def _element(self, last: bytes) -> Iterator[Frame]:
        self._keep(last)
        element = b"".join(self._pieces).strip(_BLANK)
        self._pieces, self._size = [], 0
        if element:
            yield Frame("", element)

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._max_event_bytes:
            raise EventTooLarge(
                f"an element of the stream is longer than max_event_bytes = {self._max_event_bytes}", phase="stream"
            )
        self._pieces.append(piece)


class ArrayOrEventsFramer:
    """Cuts a body that is a JSON array or server-sent events: its first byte tells which."""

    content_type: ClassVar[str] = SSEFramer.content_type
    beginnings: ClassVar[frozenset[bytes]] = JSONArrayFramer.beginnings | SSEFramer.beginnings

    def __init__(self) -> None:
        self._chosen: JSONArrayFramer | SSEFramer | None = None

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes and give the frames they complete."""
        if self._chosen is None:
            data = data.lstrip(_BLANK)  # it means nothing before an array, nor before an event
            if not data:
                return iter(())
            self._chosen = JSONArrayFramer() if data.startswith(b"[") else SSEFramer()
        return self._chosen.feed(data)

    def finish(self) -> Iterator[Frame]:
        """Say that the body has ended, and give what can still be used of an unterminated last frame."""
        return iter(()) if self._chosen is None else self._chosen.finish()

"""Server-sent events: bytes in, frames out.

The rules are WHATWG's (https://html.spec.whatwg.org/multipage/server-sent-events.html): lines end in LF, CR or CRLF and
in nothing else, a blank line ends an event, an event without data is none, one leading BOM is dropped. What providers
really send asks for three additions:

- an unterminated last event is used when its data is JSON or the end marker (the specification drops it);
- `data:` lines that are each a JSON object of their own are events of their own (some servers end events with one
  newline instead of two);
- a line `error: {...}` is an error event (llama.cpp).

Time is linear in the bytes however they are cut: bytes of an event that is not complete are kept in the pieces they
came in, and joined once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from aiollm.exceptions import EventTooLarge
from aiollm.wire.frame import Frame

__all__ = ["MAX_EVENT_BYTES", "SSEFramer"]

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""Longest event taken by default. A base64 image in one event is a few MiB."""

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
# A CR followed by LF is one line end, so it must not match as two.
_EVENT_END = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)")
_END_MARKER = b"[DONE]"


class SSEFramer:
    """Cuts a `text/event-stream` body into frames.

    Args:
        max_event_bytes: longest event; a longer one raises `EventTooLarge`, so that no buffer grows without a limit.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._pieces: list[bytes] = []  # of the event that is not complete yet
        self._size = 0  # of the pieces
        self._at_start = True
        self._skip_lf = False  # the last event ended in a CR: a LF that follows belongs to it
        self._one_newline = False  # events end in one newline
        self._event = ""  # name given by an `event:` line, in that mode

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes and give the events they complete."""
        if self._at_start or self._skip_lf:
            data = self._trim(data)
        if self._pieces:
            joint = self._overlap() + data
            if (_LINE_END if self._one_newline else _EVENT_END).search(joint):
                self._pieces.append(data)
                data = self._take()
            else:
                self._keep(data)
                data = self._take_lines(joint)
        if self._one_newline:
            yield from self._feed_lines(data)
        elif data:
            yield from self._feed_blocks(data)
        self._check(self._size)

    def finish(self) -> Iterator[Frame]:
        """Say that the body has ended, and give the unterminated last event if its data is whole."""
        rest = self._take()
        if rest.lstrip()[:1] in (b"{", b"["):
            # A server that fails in mid-stream may write its JSON error as it is, without an event around it.
            if _is_json(rest):
                yield Frame("", rest.strip())
            return
        for frame in self._parse(rest):
            if frame.data.startswith(_END_MARKER) or _is_json(frame.data):
                yield frame

    def _feed_blocks(self, data: bytes) -> Iterator[Frame]:
        if b"\r" in data:
            blocks = _EVENT_END.split(data)
            self._skip_lf = data.endswith(b"\r") and not blocks[-1]
        else:
            blocks = data.split(b"\n\n")
        rest = blocks.pop()
        may_be_too_large = len(data) > self._max_event_bytes
        for block in blocks:
            if may_be_too_large:
                self._check(len(block))
            if block[:6] == b"data: " and b"\n" not in block and b"\r" not in block:
                yield Frame("", block[6:])
            elif block:
                yield from self._parse(block)
        if rest:
            self._keep(rest)
            if lines := self._take_lines(rest):
                yield from self._feed_lines(lines)

    def _parse(self, block: bytes) -> Iterator[Frame]:
        """Read the lines of one event."""
        event, data = "", []
        for line in _LINE_END.split(block):
            field, value = _field(line)
            if field == b"data":
                data.append(value)
            elif field == b"event":
                event = value.decode("utf-8", "replace")
            elif field == b"error":
                yield Frame("error", value)
        if len(data) > 1 and _is_event_list(data):
            for item in data:
                yield Frame(event, item)
        elif data:
            yield Frame(event, b"\n".join(data))

    def _feed_lines(self, data: bytes) -> Iterator[Frame]:
        lines = _LINE_END.split(data)
        rest = lines.pop()
        for line in lines:
            field, value = _field(line)
            if field == b"event":
                self._event = value.decode("utf-8", "replace")
            elif field == b"data":
                event, self._event = self._event, ""
                yield Frame(event, value)
        if rest:
            self._keep(rest)

    def _take_lines(self, new: bytes) -> bytes:
        """Take what is kept, if the new bytes show that every line of it is an event."""
        if self._one_newline or b"\ndata:" not in new:
            return b""
        lines = _LINE_END.split(b"".join(self._pieces))[:-1]
        data = [value for field, value in map(_field, lines) if field == b"data"]
        self._one_newline = len(data) > 1 and _is_event_list(data[:2])
        return self._take() if self._one_newline else b""

    def _overlap(self, width: int = 5) -> bytes:
        """Return the last bytes of what is kept, for what straddles the cut (a line end and `data:` at most)."""
        overlap = b""
        for piece in reversed(self._pieces):
            overlap = piece[-width:] + overlap
            if len(overlap) >= width:
                break
        return overlap[-width:]

    def _check(self, size: int) -> None:
        if size > self._max_event_bytes:
            raise EventTooLarge(
                f"an event of the stream is longer than max_event_bytes = {self._max_event_bytes}", phase="stream"
            )

    def _keep(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)

    def _take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        return data

    def _trim(self, data: bytes) -> bytes:
        """Drop a BOM at the start of the body, and the LF of a CRLF that was cut in two."""
        if self._skip_lf and data:
            self._skip_lf = False
            return data.removeprefix(b"\n")
        if self._at_start:
            data = self._take() + data
            if len(data) < len(_BOM) and _BOM.startswith(data):
                self._keep(data)
                return b""
            self._at_start = False
            return data.removeprefix(_BOM)
        return data


def _field(line: bytes) -> tuple[bytes, bytes]:
    """Split a line into its field and value; a comment is a field without a name."""
    name, _, value = line.partition(b":")
    return name, value.removeprefix(b" ")


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except ValueError:
        return False
    return True


def _is_event_list(lines: list[bytes]) -> bool:
    """Tell lines that are events of their own from the lines of one event: each is a whole JSON object."""
    return all(line.startswith(_END_MARKER) or (line[:1] == b"{" and _is_json(line)) for line in lines)

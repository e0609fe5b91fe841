"""Server-sent events: bytes in, frames out.

The rules are WHATWG's (https://html.spec.whatwg.org/multipage/server-sent-events.html): lines end in LF, CR or CRLF and
in nothing else, a blank line ends an event, an event without data is none, one leading BOM is dropped. What providers
really send asks for four additions:

- an unterminated last event is used when its data is JSON or the end marker, or when it is an error whose last line has
  its end (the specification drops it);
- when the first two `data:` lines of an event are each a JSON object, every `data:` line from there on is an event of
  its own (some servers end events with one newline instead of two);
- a line `error: {...}` is an error event (llama.cpp);
- JSON as it is, without `data:` around it, is an event (what a server writes that fails in mid-stream); it may have
  several lines, unless each line is an event of its own.

Time is linear in the bytes however they are cut: bytes of an event that is not complete are kept in the pieces they
came in, and joined once.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from functools import partial
from typing import ClassVar

from aiollm.exceptions import EventTooLarge
from aiollm.types.lenient import is_json
from aiollm.wire.alike import AlikeEvents
from aiollm.wire.frame import Frame

__all__ = ["MAX_EVENT_BYTES", "SSEFramer"]

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""Longest event taken by default. A base64 image in one event is a few MiB."""

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
_NEXT_DATA = re.compile(rb"[\r\n]data:")
# A CR followed by LF is one line end, so it must not match as two.
_EVENT_END = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)")
# Events as nearly all are: one data line, then a blank one. Their payloads are found in one call.
_PLAIN_EVENT = re.compile(rb"data: (.*)\n\n")
_PLAIN_EXTRA_BYTES = len(b"data: \n\n")
# The same with other line ends, as Google sends them.
_CRLF_EVENT = re.compile(rb"data: (.*)\r\n\r\n")
_CRLF_EXTRA_BYTES = len(b"data: \r\n\r\n")
# The same with a name before it, as Anthropic and OpenAI's Responses send all of theirs.
_NAMED_EVENT = re.compile(rb"event: (.*)\ndata: (.*)\n\n")
_NAMED_EXTRA_BYTES = len(b"event: \ndata: \n\n")
_plain_frame = partial(Frame, "")
_END_MARKER = b"[DONE]"


class SSEFramer:
    """Cuts a `text/event-stream` body into frames.

    Args:
        max_event_bytes: longest event; a longer one raises `EventTooLarge`, so that no buffer grows without a limit.

    Attributes:
        alike: events that are to be given as runs, where several follow each other or one comes alone; or None.
    """

    content_type: ClassVar[str] = "text/event-stream"
    # data, event, error, id, retry, a comment, a BOM.
    beginnings: ClassVar[frozenset[bytes]] = frozenset({b"d", b"e", b"i", b"r", b":", b"\xef"})

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._pieces: list[bytes] = []  # of the event that is not complete yet
        self._size = 0  # of the pieces
        self._may_be_lines = True  # the pieces are not known to be one event of several lines
        self._at_start = True
        self._skip_lf = False  # the last event ended in a CR: a LF that follows belongs to it
        self._one_newline = False  # events end in one newline
        self._event = ""  # name given by an `event:` line, in that mode
        self.alike: AlikeEvents | None = None

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
        if self._size > self._max_event_bytes:
            self._check(b"".join(self._pieces))

    @property
    def is_between_events(self) -> bool:
        """Whether nothing is kept, so that the next bytes begin an event."""
        return not (self._pieces or self._at_start or self._skip_lf or self._one_newline)

    def finish(self) -> Iterator[Frame]:
        """Say that the body has ended, and give the unterminated last event if its data is whole."""
        rest = self._take()
        *_, last = lines = _LINE_END.split(rest)
        name, value = _field(last)
        if name == b"error" and not _is_whole(value):
            rest = rest.removesuffix(last)
        frames = list(self._feed_lines(rest + b"\n") if self._one_newline else self._parse(rest))
        if self._one_newline:
            is_cut = name == b"data" and not _is_whole(value)
        else:
            has_data = bool(frames) and any(_field(line)[0] == b"data" for line in lines)
            is_cut = has_data and not (_is_whole(frames[-1].data) or (frames[-1].event == "error" and not last))
        yield from frames[:-1] if is_cut else frames

    def _feed_blocks(self, data: bytes) -> Iterator[Frame]:
        if self.alike is not None and len(data) <= self._max_event_bytes and (run := self.alike.run_in(data)):
            yield run
            data = data[run.size :]
            if not data:
                return
        payloads = _PLAIN_EVENT.findall(data) if b"\r" not in data else []
        end = sum(map(len, payloads)) + _PLAIN_EXTRA_BYTES * len(payloads)
        # The matches do not overlap. If together they are as long as what the last of them ends, nothing is between
        # them: 0.4 us an event, against 1.0 for looking at each block.
        if payloads and end == data.rfind(b"\n\n") + 2 and len(data) <= self._max_event_bytes:
            yield from map(_plain_frame, payloads)
            rest = data[end:]
        elif payloads and (frames := self._named_frames(data)):
            yield from frames
            rest = data[data.rfind(b"\n\n") + 2 :]
        elif not payloads and (payloads := self._crlf_payloads(data)):
            yield from map(_plain_frame, payloads)
            rest = data[data.rfind(b"\r\n\r\n") + 4 :]
        else:
            rest = yield from self._feed_odd_blocks(data)
        if rest:
            self._keep(rest)
            if lines := self._take_lines(rest):
                yield from self._feed_lines(lines)

    def _named_frames(self, data: bytes) -> list[Frame]:
        """Return the events in the data, if all of them have a name and one line; else none."""
        events = _NAMED_EVENT.findall(data)
        end = sum(len(name) + len(payload) for name, payload in events) + _NAMED_EXTRA_BYTES * len(events)
        if end != data.rfind(b"\n\n") + 2 or len(data) > self._max_event_bytes:
            return []
        return [Frame(name.decode("utf-8", "replace"), payload) for name, payload in events]

    def _crlf_payloads(self, data: bytes) -> list[bytes]:
        """Return the payloads of the events in the data, if all of them have one line, ended by CRLF; else none."""
        payloads = _CRLF_EVENT.findall(data)
        end = sum(map(len, payloads)) + _CRLF_EXTRA_BYTES * len(payloads)
        # A CR anywhere else ends a line too.
        whole = end == data.rfind(b"\r\n\r\n") + 4 and data.count(b"\r") == 2 * len(payloads)
        return payloads if whole and len(data) <= self._max_event_bytes else []

    def _feed_odd_blocks(self, data: bytes) -> Generator[Frame, None, bytes]:
        """Give the events in the data, of any form, and return what follows the last of them."""
        if b"\r" in data:
            blocks = _EVENT_END.split(data)
            self._skip_lf = data.endswith(b"\r") and not blocks[-1]
        else:
            blocks = data.split(b"\n\n")
        rest = blocks.pop()
        for position, block in enumerate(blocks):
            self._check(block)
            yield from self._parse(block)
            if self._one_newline:
                yield from self._feed_lines(b"\n\n".join((b"", *blocks[position + 1 :], rest)))
                return b""
        return rest

    def _parse(self, block: bytes) -> Iterator[Frame]:
        """Read the lines of one event."""
        if _is_bare_json(block):
            yield Frame("", block.strip())
            return
        fields = [_field(line) for line in _LINE_END.split(block)]
        data = [value for name, value in fields if name == b"data"]
        if _is_event_list(data):
            self._one_newline = True
            yield from self._feed_lines(block + b"\n")
            return
        event = ""
        for name, value in fields:
            if name == b"event":
                event = value.decode("utf-8", "replace")
            elif name == b"error":
                yield Frame("error", value)
        if data:
            yield Frame(event, b"\n".join(data))

    def _feed_lines(self, data: bytes) -> Iterator[Frame]:
        lines = _LINE_END.split(data)
        rest = lines.pop()
        self._skip_lf = self._skip_lf or data.endswith(b"\r")
        may_be_too_large = len(data) > self._max_event_bytes
        for line in lines:
            if may_be_too_large:
                self._check(line)
            name, value = _field(line)
            if name == b"event":
                self._event = value.decode("utf-8", "replace")
            elif name == b"data":
                event, self._event = self._event, ""
                yield Frame(event, value)
            elif name == b"error":
                yield Frame("error", value)
            elif _is_bare_json(line):
                yield Frame("", line.strip())
            elif not line:
                self._event = ""
        if rest:
            self._keep(rest)

    def _take_lines(self, new: bytes) -> bytes:
        """Take what is kept, if the new bytes show that every line of it is an event."""
        if self._one_newline or not self._may_be_lines or not _NEXT_DATA.search(new):
            return b""
        lines = _LINE_END.split(b"".join(self._pieces))[:-1]
        data = [value for name, value in map(_field, lines) if name == b"data"]
        self._one_newline = _is_event_list(data)
        self._may_be_lines = len(data) < 2  # looked at once: more lines would make it quadratic
        return self._take() if self._one_newline else b""

    def _overlap(self, width: int = 5) -> bytes:
        """Return the last bytes of what is kept, for what straddles the cut (a line end and `data:` at most)."""
        overlap = b""
        for piece in reversed(self._pieces):
            overlap = piece[-width:] + overlap
            if len(overlap) >= width:
                break
        return overlap[-width:]

    def _check(self, event: bytes) -> None:
        if len(event) > self._max_event_bytes < len(event.strip(b"\r\n")):
            raise EventTooLarge(
                f"an event of the stream is longer than max_event_bytes = {self._max_event_bytes}", phase="stream"
            )

    def _keep(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)

    def _take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces, self._size, self._may_be_lines = [], 0, True
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


def _is_bare_json(text: bytes) -> bool:
    return text.lstrip()[:1] in (b"{", b"[") and is_json(text)


def _is_whole(value: bytes) -> bool:
    """Whether a value at the end of the body cannot have been cut."""
    return value.startswith(_END_MARKER) or is_json(value)


def _is_event_list(data: list[bytes]) -> bool:
    """Tell data lines that are events of their own from the lines of one event, by the first two."""
    return len(data) > 1 and all(
        line.startswith(_END_MARKER) or (line[:1] == b"{" and is_json(line)) for line in data[:2]
    )

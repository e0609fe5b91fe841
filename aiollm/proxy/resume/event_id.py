"""The ids of events: `<stream>-<number>`, the stream's name random, its events numbered from 1.

Who knows an id of a stream could name all others of it, so the name must not be guessed: it has 128 random bits.
Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re
import secrets

import msgspec

__all__ = ["EventId", "Numbering", "after_event", "new_stream", "read_event_id"]

_EVENT_ID = re.compile(r"([0-9a-f]{32})(?:-([0-9]{1,12}))?")
_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class EventId(msgspec.Struct, frozen=True):
    """What a client has: a stream, and the number of the last event that it got; 0 for none."""

    stream: str
    number: int


def new_stream() -> str:
    """Return a name for a stream that nobody can guess."""
    return secrets.token_hex(16)


def read_event_id(text: str) -> EventId | None:
    """Return what an id says, or the name of a stream alone; None where it is neither."""
    found = _EVENT_ID.fullmatch(text)
    return None if found is None else EventId(found[1], int(found[2] or 0))


class Numbering:
    """Gives the events of a stream their ids.

    Attributes:
        number: of the last event.
    """

    def __init__(self, stream: str) -> None:
        self._stream = stream.encode()
        self.number: int = 0

    def mark(self, frames: bytes) -> bytes:
        """Return whole frames with an id each. It comes last, so that it goes before one that a provider has given."""
        return _END.sub(self._marked, frames)

    def _marked(self, end: re.Match[bytes]) -> bytes:
        self.number += 1
        return b"\nid: %b-%d%b" % (self._stream, self.number, end[0])


def after_event(frames: bytes, event: EventId) -> bytes:
    """Return what of marked frames comes after an event; all of them where it is not among them."""
    id = re.escape(b"\nid: %b-%d" % (event.stream.encode(), event.number))
    end = re.search(id + b"(?:%b)" % _END.pattern, frames)
    return frames if end is None else frames[end.end() :]

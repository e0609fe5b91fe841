"""AWS event streams: bytes in, frames out (`application/vnd.amazon.eventstream`).

A message is, in big-endian order: its length, the length of its headers, a CRC-32 of these eight bytes, the headers,
the payload, and a CRC-32 of all before it. A header is a name, a type and a value. Source: botocore's
`eventstream.py`, and https://smithy.io/2.0/aws/amazon-eventstream.html.

An event's frame has the name of its type. What AWS reports in place of an event has the name `exception:<type>`, and
its payload is JSON; an error of the transport has `error:<code>`, and its message is made JSON of that form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from struct import Struct, error, unpack_from
from typing import ClassVar
from zlib import crc32

import msgspec

from aiollm.exceptions import EventTooLarge, InvalidChunk
from aiollm.wire.frame import Frame
from aiollm.wire.sse import MAX_EVENT_BYTES

__all__ = ["EXCEPTION", "EventStreamFramer", "HeaderValue", "parse_headers"]

EXCEPTION = "exception:"
"""What the name of a frame begins with that stands in place of an event."""

HeaderValue = bool | int | str | bytes
"""Times are milliseconds since the epoch, and identifiers 16 bytes."""

MAX_HEADER_BYTES = 128 * 1024
"""Longest headers of a message: AWS's own limit."""

_PRELUDE = Struct(">III")
_LENGTHS = 8  # the bytes of the two lengths in it
_CHECKSUM = Struct(">I")
_AROUND = _PRELUDE.size + _CHECKSUM.size  # the bytes of a message beside its headers and payload
_MOST_KNOWN = 64  # a stream has some ten kinds of headers; one that makes up new ones must not fill the memory

_TRUE, _FALSE, _BYTES, _STRING, _UUID = 0, 1, 6, 7, 9
_INTEGERS = {2: Struct(">b"), 3: Struct(">h"), 4: Struct(">i"), 5: Struct(">q"), 8: Struct(">q")}


class EventStreamFramer:
    """Cuts an `application/vnd.amazon.eventstream` body into frames.

    Args:
        max_event_bytes: longest message; a longer one raises `EventTooLarge`, so that no buffer grows without a limit.
    """

    content_type: ClassVar[str] = "application/vnd.amazon.eventstream"
    beginnings: ClassVar[frozenset[bytes]] = frozenset({b"\x00"})  # of a length; events of 16 MiB would begin with 1

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._held = bytearray()
        self._wanted = _PRELUDE.size  # how many bytes must be held before anything can be done
        self._known: dict[bytes, str] = {}  # headers -> the frame's name: nearly all of a stream are the same

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes and give the messages they complete.

        Raises:
            EventTooLarge: a message is longer than the limit. Those before it were given.
            InvalidChunk: a checksum or a length is wrong: from there on nothing can be read.
        """
        self._held += data
        if len(self._held) < self._wanted:
            return
        # Slices of bytes cost half of what slices of what can grow do, so all that is held is copied once.
        body = bytes(self._held)
        self._held.clear()
        self._wanted = _PRELUDE.size
        place, size, most = 0, len(body), self._max_event_bytes
        try:
            while place + _PRELUDE.size <= size:
                total, headers, _ = _PRELUDE.unpack_from(body, place)
                end = place + total
                if end > size or not headers + _AROUND <= total <= most or headers > MAX_HEADER_BYTES:
                    self._wanted = self._length(body[place : place + _PRELUDE.size])
                    return
                checked = end - _CHECKSUM.size  # the lengths too: their own checksum is for those who have to wait
                if crc32(body[place:checked]) != _CHECKSUM.unpack_from(body, checked)[0]:
                    self._length(body[place : place + _PRELUDE.size])
                    raise InvalidChunk("the event stream is damaged: the checksum of a message is wrong")
                begin = place + _PRELUDE.size
                place, payload = end, begin + headers
                yield self._frame(body[begin:payload], body[payload:checked])
        finally:
            self._held += body[place:]

    def finish(self) -> Iterator[Frame]:
        """Give nothing: half a message is none."""
        return iter(())

    def _length(self, prelude: bytes) -> int:
        """Return the length of the message that begins so, if there can be such a message."""
        total: int
        total, headers, checksum = _PRELUDE.unpack(prelude)
        if crc32(prelude[:_LENGTHS]) != checksum:
            raise InvalidChunk("the event stream is damaged: the checksum of a message's lengths is wrong")
        if total > self._max_event_bytes:
            raise EventTooLarge(f"an event of {total} bytes is longer than its limit of {self._max_event_bytes} bytes")
        if headers > MAX_HEADER_BYTES:
            raise EventTooLarge(f"the headers of an event, {headers} bytes, are longer than {MAX_HEADER_BYTES} bytes")
        if total < headers + _AROUND:
            raise InvalidChunk(f"the event stream is damaged: {total} bytes cannot hold {headers} bytes of headers")
        return total

    def _frame(self, head: bytes, payload: bytes) -> Frame:
        """Return the frame of a message whose checksums are right."""
        name = self._known.get(head)
        if name is None:
            headers = parse_headers(head)
            name = _name(headers)
            if name.startswith("error:"):
                payload = msgspec.json.encode({"message": _text(headers, ":error-message")})
            elif len(self._known) < _MOST_KNOWN:
                self._known[head] = name
        return Frame(name, payload)


def parse_headers(data: bytes) -> dict[str, HeaderValue]:
    """Return the headers of a message.

    Raises:
        InvalidChunk: they are cut short, or have a type that does not exist.
    """
    headers: dict[str, HeaderValue] = {}
    place = 0
    try:
        while place < len(data):
            end = place + 1 + data[place]
            name = data[place + 1 : end].decode()
            headers[name], place = _value(data, end)
    except (IndexError, UnicodeDecodeError, error) as fault:
        raise InvalidChunk(f"the headers of an event cannot be read: {fault}") from None
    if place > len(data):
        raise InvalidChunk("the headers of an event cannot be read: they are cut short")
    return headers


def _value(data: bytes, place: int) -> tuple[HeaderValue, int]:
    """Return the value whose type stands at a place, and the place behind it."""
    kind, place = data[place], place + 1
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE, place
    if integer := _INTEGERS.get(kind):
        return integer.unpack_from(data, place)[0], place + integer.size
    if kind in (_BYTES, _STRING):
        end = place + 2 + unpack_from(">H", data, place)[0]
        value = data[place + 2 : end]
        return value.decode() if kind == _STRING else value, end
    if kind == _UUID:
        return data[place : place + 16], place + 16
    raise InvalidChunk(f"the headers of an event cannot be read: there is no type {kind}")


def _name(headers: Mapping[str, HeaderValue]) -> str:
    match headers.get(":message-type"):
        case "exception":
            return f"{EXCEPTION}{_text(headers, ':exception-type')}"
        case "error":
            return f"error:{_text(headers, ':error-code')}"
        case _:
            return _text(headers, ":event-type")


def _text(headers: Mapping[str, HeaderValue], name: str) -> str:
    value = headers.get(name)
    return value if isinstance(value, str) else ""

"""The bytes of server-sent events, and what writes the stream of a format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from aiollm.outbound.failure import Failure
from aiollm.wire.alike import AlikeEvents

__all__ = ["DONE", "EVENT_STREAM", "AnswerWriter", "EventWriter", "data_frame", "encode", "event_frame"]

DONE = b"data: [DONE]\n\n"

EVENT_STREAM: Mapping[str, str] = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",  # nginx would hold the events back
}
"""What the head of a stream of events says."""

encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
"""A value as JSON, without spaces."""


class EventWriter(Protocol):
    """Writes the stream of one answer in a client's format. It does no I/O.

    Attributes:
        heartbeat: what may be sent while nothing comes: no client takes it for content.
    """

    heartbeat: bytes

    @property
    def alike(self) -> AlikeEvents | None:
        """Events of the provider that would be sent as they are, so that a `Run` of them can be fed; or None."""

    def feed(self, piece: Any, /) -> bytes:
        """Return the frames of a chunk or an event; b"" for one that the client is not to see."""
        ...

    def finish(self) -> bytes:
        """Return the end of a whole answer. Only a stream that came to its own end may be given it."""
        ...

    def fail(self, failure: Failure) -> bytes:
        """Return the end of an answer that broke off; nothing follows it."""
        ...


class AnswerWriter(EventWriter, Protocol):
    """A writer whose format needs nothing of the request, so that any server can send it.

    Attributes:
        headers: what the format needs in the head, beside `EVENT_STREAM`.
    """

    headers: Mapping[str, str]


def data_frame(payload: Any) -> bytes:
    """Return an event without a name."""
    return b"data: %b\n\n" % encode(payload)


def event_frame(name: str, payload: Any) -> bytes:
    """Return an event with a name."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), encode(payload))

"""The bytes of server-sent events, and what writes the stream of a format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from aiollm.proxy.inbound.failure import Failure
from aiollm.wire.alike import AlikeEvents

__all__ = ["DONE", "EventWriter", "data_frame", "encode", "event_frame"]

DONE = b"data: [DONE]\n\n"

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

    def feed(self, piece: Any) -> bytes:
        """Return the frames of a chunk or an event; b"" for one that the client is not to see."""
        ...

    def finish(self) -> bytes:
        """Return the end of a whole answer. Only a stream that came to its own end may be given it."""
        ...

    def fail(self, failure: Failure) -> bytes:
        """Return the end of an answer that broke off; nothing follows it."""
        ...


def data_frame(payload: Any) -> bytes:
    """Return an event without a name."""
    return b"data: %b\n\n" % encode(payload)


def event_frame(name: str, payload: Any) -> bytes:
    """Return an event with a name."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), encode(payload))

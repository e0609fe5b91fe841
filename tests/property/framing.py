"""What the framers make of a body that comes in pieces, and what they should."""

from __future__ import annotations

from collections.abc import Iterable

from aiollm.exceptions import EventTooLarge
from aiollm.types.lenient import is_json
from aiollm.wire.frame import Framer
from aiollm.wire.ndjson import NDJSONFramer
from aiollm.wire.sse import SSEFramer
from tests.property.whatwg import Reading

Frames = list[tuple[str, bytes]]


def frames(pieces: Iterable[bytes]) -> Frames:
    return limited(SSEFramer(), pieces)[0]


def lines(pieces: Iterable[bytes]) -> Frames:
    return limited(NDJSONFramer(), pieces)[0]


def limited(framer: Framer, pieces: Iterable[bytes]) -> tuple[Frames, bool]:
    """The frames of a body, and whether one was too large."""
    found: Frames = []
    try:
        for piece in pieces:
            found.extend((frame.event, frame.data) for frame in framer.feed(piece))
        found.extend((frame.event, frame.data) for frame in framer.finish())
    except EventTooLarge:
        return found, True
    return found, False


def as_frames(reading: Reading) -> Frames:
    """The events of a reading, as a framer gives them."""
    return [(decoded(event.type), event.data.encode("utf-8", "surrogateescape")) for event in reading.events]


def decoded(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def literal_lines(body: bytes) -> list[bytes]:
    """The lines of a body that are values: cut at LF and at nothing else, the last one only if it is JSON."""
    *ended, last = body.split(b"\n")
    return [line.strip() for line in (*ended, last if is_json(last) else b"") if line.strip()]

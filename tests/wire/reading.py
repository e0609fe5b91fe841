"""Reads AWS event streams as the decoders do."""

from __future__ import annotations

from collections.abc import Iterable

from aiollm.wire.eventstream import EventStreamFramer
from aiollm.wire.frame import Frame


def frames(pieces: Iterable[bytes], **limits: int) -> list[Frame]:
    """Return the frames of a body that arrives in pieces."""
    framer = EventStreamFramer(**limits)
    return [*(frame for piece in pieces for frame in framer.feed(piece)), *framer.finish()]

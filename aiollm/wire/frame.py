"""The contract of a framer: bytes in, frames out, however the bytes are cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Protocol

import msgspec

__all__ = ["Frame", "Framer"]


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One event of a stream.

    Attributes:
        event: the event's name, "" where it has none.
        data: its payload.
    """

    event: str
    data: bytes


class Framer(Protocol):
    """Cuts one reply's body into frames. `feed` any number of times, then `finish` once."""

    content_type: ClassVar[str]
    """The media type of such a body."""
    beginnings: ClassVar[frozenset[bytes]]
    """The bytes that such a body can begin with. Servers call it by other types too; its first byte tells it."""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes and give the frames they complete, perhaps none.

        Raises:
            EventTooLarge: a frame is longer than the limit. Frames before it were given.
        """
        ...

    def finish(self) -> Iterator[Frame]:
        """Say that the body has ended, and give what can still be used of an unterminated last frame."""
        ...

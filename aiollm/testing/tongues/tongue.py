"""The contract of a tongue: what the steps of a script are in one wire format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

__all__ = ["Payload", "Tongue"]

Payload = Mapping[str, Any]
"""A JSON object."""


class Tongue(Protocol):
    """One answer in one wire format.

    The steps speak OpenAI's chat format, which says the most; a tongue says the same in its own. It has a memory of
    what it said, because most formats announce a part of an answer, and close it.
    """

    content_type: str
    """Of a streamed body."""
    model: str
    """What the request asks for."""
    streams: bool
    """Whether the request asks for a stream."""
    counts: bool
    """Whether a stream of this request ends with the counts of tokens."""

    def chunk(self, chunk: Payload) -> Iterable[bytes]:
        """Return the pieces of the body that say what an OpenAI chunk says; each is an event."""
        ...

    def end(self) -> Iterable[bytes]:
        """Return the pieces that end the stream."""
        ...

    def error(self, message: str, kind: str, code: str | int | None) -> bytes:
        """Return the event of an error in mid-stream."""
        ...

    def whole(self, completion: Payload) -> Payload:
        """Return a chat completion of OpenAI's as a whole reply."""
        ...

    def failure(self, status: int, message: str, kind: str) -> Payload:
        """Return the body of a reply with a failure status."""
        ...

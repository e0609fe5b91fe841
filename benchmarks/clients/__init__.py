"""One adapter per library: the few calls the scenarios make, each written as the library's own pages write it.

An adapter module has a ``Client`` and, where the library has a blocking API of its own, a ``BlockingClient``.
Retries are off and ``max_tokens`` and the like are left out, so that every library sends the same request.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol

MODEL = "bench"
API_KEY = "not-a-real-key"
MESSAGES: list[Any] = [{"role": "user", "content": "Say something about foxes."}]
STREAM_OPTIONS = {"include_usage": True}


class Client(Protocol):
    """What the asynchronous scenarios need of a library."""

    async def open(self) -> AsyncIterator[Any]:
        """Start a streaming call and return what the library returns."""

    @staticmethod
    def text(chunk: Any) -> str | None:
        """The text in a chunk, read through the library's public API."""

    async def close(self, stream: Any) -> None:
        """Close a stream by the library's own method."""

    async def whole(self) -> str | None:
        """Make a call that does not stream and return its text."""

    async def aclose(self) -> None:
        """Release what the client holds."""


class BlockingClient(Protocol):
    """What the blocking scenarios need of a library."""

    def open(self) -> Iterator[Any]:
        """Start a streaming call and return what the library returns."""

    @staticmethod
    def text(chunk: Any) -> str | None:
        """The text in a chunk, read through the library's public API."""

    def close(self, stream: Any) -> None:
        """Close a stream by the library's own method."""


def first_text(chunk: Any) -> str | None:
    """``chunk.choices[0].delta.content``; the chunk with the usage has no choice."""
    choices = chunk.choices
    return choices[0].delta.content if choices else None

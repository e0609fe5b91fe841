"""What is made of the chunks of a stream, one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Generic, Protocol, Self, TypeVar

from aiollm.engine.source import AnswerSource
from aiollm.exceptions import APIError, StreamCancelled
from aiollm.types.chunk import ModelResponseStream

__all__ = ["Derived", "Reader", "derived"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Reader(Protocol[T_co]):
    """Makes values of chunks."""

    def feed(self, chunk: ModelResponseStream) -> Iterable[T_co]:
        """Give what a chunk makes."""
        ...

    def finish(self) -> Iterable[T_co]:
        """Give what the end of a whole answer makes."""
        ...


class Derived(Generic[T]):
    """An asynchronous iterator over values made of a stream's chunks. Leaving its loop closes the connection.

    It raises as the stream does; and what its reader raises, with the answer so far in `partial`, which closes the
    connection too.
    """

    def __init__(
        self, chunks: AsyncIterator[ModelResponseStream], source: AnswerSource[Any, Any], reader: Reader[T]
    ) -> None:
        self._chunks: AsyncIterator[ModelResponseStream] | None = chunks  # dropped, it closes the connection
        self._source = source
        self._reader = reader
        self._ready: deque[T] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._ready:
            if self._chunks is None:
                raise StopAsyncIteration
            try:
                await self._read(self._chunks)
            except APIError as error:
                self._chunks = None
                self._source.close("closed")
                error.partial = error.partial or self._source.partial()
                raise
        return self._ready.popleft()

    async def _read(self, chunks: AsyncIterator[ModelResponseStream]) -> None:
        async for chunk in chunks:
            self._ready.extend(self._reader.feed(chunk))
            return
        self._chunks = None
        self._ready.extend(self._reader.finish())

    async def final(self) -> T:
        """Read to the end, and return the last value. It raises as iterating does.

        Raises:
            StreamCancelled: nothing is left to be read.

        Cancelling closes the connection.
        """
        last: list[T] = []
        async for value in self:
            last[:] = [value]
        if not last:
            raise StreamCancelled("nothing is left to be read")
        return last[0]


def derived(chunks: Iterable[ModelResponseStream], source: AnswerSource[Any, Any], reader: Reader[T]) -> Iterator[T]:
    """The blocking twin of `Derived`."""
    try:
        for chunk in chunks:
            yield from reader.feed(chunk)
        yield from reader.finish()
    except APIError as error:
        error.partial = error.partial or source.partial()
        raise

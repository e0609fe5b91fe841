"""Chunks from the loop to a thread: bounded, one hand-over for each read of the socket."""

from __future__ import annotations

import asyncio
from queue import SimpleQueue
from typing import Generic, TypeVar

__all__ = ["PIPE_BYTES", "Pipe"]

T = TypeVar("T")

PIPE_BYTES = 256 * 1024
"""How many bytes of a stream wait for a slow reader before the socket is no longer read."""


class Pipe(Generic[T]):
    """One writer on the loop, one reader in another thread.

    A list of chunks is handed over for each socket read: 1 to 2 us a chunk, where a round trip through the loop for
    each chunk would take 51.

    Args:
        loop: the writer's loop.
        max_bytes: how much may wait; the writer then waits for the reader.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, max_bytes: int = PIPE_BYTES) -> None:
        self._loop = loop
        self._max_bytes = max_bytes
        self._queue: SimpleQueue[tuple[list[T], int] | BaseException | None] = SimpleQueue()
        self._written = 0
        self._read = 0
        self._room: asyncio.Event | None = None

    async def put(self, batch: list[T], size: int) -> None:
        """Hand a batch over, and return when there is room for another. `size` is its bytes."""
        self._written += size
        self._queue.put((batch, size))
        while self._written - self._read > self._max_bytes:
            room = self._room = asyncio.Event()
            # The reader looks for the event after it has counted, so one of the two sees the other.
            if self._written - self._read <= self._max_bytes:
                break
            await room.wait()

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing more comes, or raise an error at the reader's end, after what was put."""
        self._queue.put(error)

    def drain(self) -> list[list[T] | BaseException | None]:
        """Return what nobody has taken: batches, and what the writer ended with. On the loop, while nobody reads."""
        left: list[list[T] | BaseException | None] = []
        while not self._queue.empty():
            item = self._queue.get_nowait()
            left.append(item[0] if isinstance(item, tuple) else item)
        self._read = self._written
        if self._room is not None:
            self._room.set()
        return left

    def get(self) -> list[T]:
        """Wait for the next batch, in the reader's thread; [] at the end.

        Raises:
            BaseException: what the writer ended with.
        """
        item = self._queue.get()
        if isinstance(item, tuple):
            batch, size = item
            self._read += size
            room, self._room = self._room, None
            if room is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(room.set)
            return batch
        self._queue.put(None)
        if item is not None:
            raise item
        return []

"""The events of one stream in memory, and those who read them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from aiollm.proxy.resume.event_id import EventId, Numbering, after_event

__all__ = ["Entry", "LogReader", "Reader", "StreamHead", "StreamLog", "Superseded", "Trimmed"]

LAG_BYTES = 64 * 1024
"""From how many bytes on that a client has still to take its provider is no longer read."""


class Trimmed(Exception):
    """What is asked for is not kept any more: a stream is kept up to a number of bytes."""


class Superseded(Exception):
    """The client has come back on another connection, which reads in the place of this one."""


class Entry(NamedTuple):
    """Frames that were written together: the numbers of the first and the last, and their bytes, with their ids."""

    first: int
    last: int
    data: bytes


class StreamHead(NamedTuple):
    """What is known of a stream beside its events.

    Attributes:
        owner: who may read it.
        headers: those of its response.
        lost: the frame that tells a client that there is no more although the answer has not ended.
    """

    owner: str
    headers: Mapping[str, str]
    lost: bytes


class Reader(Protocol):
    """Reads a stream from an event on, wherever it is kept, as long as the block lasts."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def head(self) -> StreamHead:
        """Wait for the stream's first content. Raises what the call has come to instead."""
        ...

    async def next(self) -> bytes:
        """Wait for the next frames; b"" at the end. Raises `Superseded`."""
        ...


class StreamLog:
    """One stream: what has been written, of which the latest is kept, and whether it has ended.

    Args:
        id: its name.
        owner: who may read it.
        lost: the frame that says that it was lost.
        most_bytes: how much of it is kept. What a client has still to take is kept whatever that comes to.
        grew: called with the bytes by which it has grown, or, below 0, has shrunk.
        left: called when nobody reads it any more.

    Attributes:
        size: how many bytes are kept.
        ended: whether nothing more will come.
        client: the connection that reads it, if one does.
    """

    def __init__(
        self,
        id: str,
        owner: str,
        lost: bytes,
        *,
        most_bytes: int,
        grew: Callable[[int], object] = lambda size: None,
        left: Callable[[StreamLog], object] = lambda log: None,
    ) -> None:
        self.id = id
        self.owner = owner
        self.lost = lost
        self.size: int = 0
        self.ended: bool = False
        self.client: LogReader | None = None
        self._most = most_bytes
        self._grew = grew
        self._left = left
        self._numbering = Numbering(id)
        self._entries: deque[Entry] = deque()
        self._dropped = 0  # entries
        self._headers: Mapping[str, str] | None = None
        self._error: BaseException | None = None
        self._written = asyncio.Event()
        self._taken = asyncio.Event()

    # -- writing

    @property
    def begun(self) -> bool:
        """Whether it has its head, and so may have events."""
        return self._headers is not None

    @property
    def number(self) -> int:
        """The number of the last event."""
        return self._numbering.number

    def begin(self, headers: Mapping[str, str]) -> None:
        """Take the headers of the response."""
        if self._headers is None:
            self._headers = headers
            _wake(self._written)

    def append(self, frames: bytes) -> None:
        """Take whole frames."""
        first = self.number + 1
        data = self._numbering.mark(frames)
        if not data:
            return
        self._entries.append(Entry(first, self.number, data))
        self._resize(len(data))
        while self.size > self._most and self._drop_oldest():
            pass
        _wake(self._written)

    async def room(self) -> None:
        """Wait while the client has too much to take."""
        while self.client is not None and self.client.lag > LAG_BYTES:
            await self._taken.wait()

    def end(self) -> None:
        """Take note that the stream has ended, however it did."""
        self.ended = True
        _wake(self._written)

    def fail(self, error: BaseException) -> None:
        """Take note of an error in the place of the stream, or, once it has begun, that it is lost."""
        if not self.ended:
            if self.begun:
                self.append(self.lost)
            else:
                self._error = error
            self.end()

    def shrink(self) -> None:
        """Keep nothing but what the client has still to take."""
        while self._drop_oldest():
            pass

    # -- reading

    def read(self, after: int = 0, *, client: bool = True) -> LogReader:
        """Return what reads the events after one.

        Args:
            after: the number of the last event that the reader has.
            client: whether it is a client, to whose pace the stream keeps; it takes the place of the one before.

        Raises:
            Trimmed: they are not kept any more.
        """
        place = next((p for p, entry in enumerate(self._entries) if entry.last > after), len(self._entries))
        kept = self._entries[place].first if place < len(self._entries) else self.number + 1
        if kept > after + 1:
            raise Trimmed
        return LogReader(self, self._dropped + place, EventId(self.id, after), client=client)

    async def entries(self, reader: LogReader) -> list[Entry]:
        """Wait for what a reader has still to take; nothing at the end.

        Raises:
            Superseded: another connection reads in its place.
            Trimmed: it is not kept any more.
        """
        while True:
            if reader.superseded:
                raise Superseded
            if reader.place < self._dropped:
                raise Trimmed
            if new := [self._entries[p] for p in range(reader.place - self._dropped, len(self._entries))]:
                return new
            if self.ended:
                return []
            await self._written.wait()

    async def head(self) -> StreamHead:
        """Wait for the head, or the error that came in its place."""
        while self._headers is None:
            if self._error is not None:
                raise self._error
            await self._written.wait()
        return StreamHead(self.owner, self._headers, self.lost)

    def attach(self, reader: LogReader) -> None:
        """Take note of the client that reads from now on."""
        before, self.client = self.client, reader
        if before is not None:
            before.superseded = True
        _wake(self._taken)
        _wake(self._written)

    def detach(self, reader: LogReader) -> None:
        """Take note that a client reads no more."""
        if self.client is reader:
            self.client = None
            _wake(self._taken)
            self._left(self)

    def note_taken(self) -> None:
        """Take note that the client has taken something."""
        _wake(self._taken)

    def waiting(self, place: int) -> int:
        """Return how many bytes there are from a place on."""
        return sum(len(self._entries[p].data) for p in range(max(0, place - self._dropped), len(self._entries)))

    def _drop_oldest(self) -> bool:
        """Drop the oldest entry, unless the client has not taken it."""
        if not self._entries or (self.client is not None and self.client.place <= self._dropped):
            return False
        self._resize(-len(self._entries.popleft().data))
        self._dropped += 1
        return True

    def _resize(self, change: int) -> None:
        self.size += change
        self._grew(change)


class LogReader:
    """Reads a stream that is in this worker's memory.

    Attributes:
        place: of the next entry.
        superseded: whether another connection has taken its place.
    """

    def __init__(self, log: StreamLog, place: int, after: EventId, *, client: bool) -> None:
        self._log = log
        self.place: int = place
        self._after: EventId | None = after
        self._client = client
        self.superseded = False

    async def __aenter__(self) -> Self:
        if self._client:
            self._log.attach(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client:
            self._log.detach(self)

    @property
    def lag(self) -> int:
        """How many bytes are there that it has not taken."""
        return self._log.waiting(self.place)

    async def head(self) -> StreamHead:
        return await self._log.head()

    async def entries(self) -> list[Entry]:
        """Wait for the next entries, and take them; none at the end. Raises as `StreamLog.entries` does."""
        entries = await self._log.entries(self)
        self.place += len(entries)
        if self._client:
            self._log.note_taken()
        return entries

    async def next(self) -> bytes:
        data = b"".join(entry.data for entry in await self.entries())
        if self._after is not None:
            data, self._after = after_event(data, self._after), None
        return data


def _wake(event: asyncio.Event) -> None:
    """Wake all who wait at present, and nobody later."""
    event.set()
    event.clear()

"""From a reply's body to frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from aiollm.core.transport import Exchange
from aiollm.exceptions import APIError
from aiollm.wire.alike import AlikeEvents
from aiollm.wire.frame import Frame, Framer
from aiollm.wire.sse import SSEFramer

__all__ = ["FrameReader"]


class FrameReader:
    """Pushes what is read of a reply through a framer, after a first look at what it is.

        while not reader.at_end:
            frames = reader.peeked() or reader.frames(await exchange.read())

    The reading is the exchange's and not wrapped here: for a chunk that comes alone, every coroutine on the way counts.

    Args:
        exchange: the exchange whose head has come.
        framer: cuts the body into frames.

    Attributes:
        bytes: how many were read so far, as they came over the wire.
        at_end: whether the body has ended.
    """

    def __init__(self, exchange: Exchange, framer: Framer) -> None:
        self.bytes: int = 0
        self.at_end: bool = False
        self._exchange = exchange
        self._runs_framer: SSEFramer | None = None
        self._framer = framer
        self._first = b""  # read by `peek`, inflated, and not framed yet
        self._after_first: Iterator[bytes] = iter(())  # of the same read, not inflated yet

    @property
    def content_type(self) -> str:
        """The media type that the body has when it is a stream."""
        return self._framer.content_type

    async def peek(self) -> bytes:
        """Return the first byte of the body that is not white space; b"" when there is none.

        Raises and cancels as `Exchange.read`.
        """
        while not self._first:
            data = await self._exchange.read()
            if not data:
                break
            self.bytes += len(data)
            self._after_first = self._exchange.inflate(data)
            # White space before an answer means nothing, and there may be any amount of it.
            self._first = next((text for piece in self._after_first if (text := piece.lstrip())), b"")
        return self._first[:1]

    def peeked(self) -> Iterator[Frame] | None:
        """Return the frames in what `peek` has read, the first time; None when there is nothing."""
        if not self._first:
            return None
        data, self._first = self._first, b""
        return self._framer.feed(data) if self._exchange.plain else self._framed(chain((data,), self._after_first))

    def frames(self, data: bytes) -> Iterator[Frame]:
        """Return the frames that a read completes, perhaps none; for b"", the end of the body, what is left.

        The iterator raises `EventTooLarge`, after the frames before.
        """
        self.bytes += len(data)
        if not data:
            self.at_end = True
            return self._framer.finish()
        return self._framer.feed(data) if self._exchange.plain else self._framed(self._exchange.inflate(data))

    def expect(self, alike: AlikeEvents) -> bool:
        """Give such events as runs from the next read on, and return whether the framer can."""
        if not isinstance(self._framer, SSEFramer):
            return False
        self._framer.alike = alike
        self._runs_framer = self._framer if self._exchange.plain else None
        return True

    def expected(self) -> AlikeEvents | None:
        """Return the events that are expected, if the next read begins with one; None where `frames` is to be asked.

        A read that is nothing but such events may go past this reader, if it is counted, and the next one too: that
        spares one that gives a single event, as nearly all do, most of the way.
        """
        framer = self._runs_framer
        return framer.alike if framer is not None and framer.is_between_events else None

    async def rest(self, max_bytes: int, *, cut: bool = False) -> bytes:
        """Return the whole body, for a reply that turned out not to be a stream.

        Raises and cancels as `Exchange.read_all`.
        """
        pieces = [self._first]
        try:
            pieces.extend(self._after_first)
        except APIError as error:
            self._exchange.abort(error)
            if not cut:
                raise
        return b"".join(pieces) + await self._exchange.read_all(max_bytes, cut=cut)

    def _framed(self, pieces: Iterable[bytes]) -> Iterator[Frame]:
        for piece in pieces:
            yield from self._framer.feed(piece)

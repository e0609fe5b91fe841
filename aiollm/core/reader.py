"""From a reply's body to frames, one read of the socket at a time."""

from __future__ import annotations

from collections.abc import Iterator

from aiollm.core.transport import Exchange
from aiollm.wire.frame import Frame, Framer

__all__ = ["FrameReader"]


class FrameReader:
    """Pulls the bytes of a reply and pushes them through a framer.

    Reads are raw (`readany`), never by line: aiohttp refuses lines over 512 KiB.

    Args:
        exchange: the exchange whose head has come.
        framer: cuts the body into frames.
    """

    def __init__(self, exchange: Exchange, framer: Framer) -> None:
        self.bytes = 0  # read so far
        self._exchange = exchange
        self._framer = framer
        self._first = b""  # read by `peek`, and not framed yet
        self._at_end = False
        self._finished = False

    async def peek(self) -> bytes:
        """Return the first byte of the body that is not white space; b"" when there is none.

        Raises and cancels as `Exchange.read`.
        """
        while not self._first and not self._at_end:
            data = await self._exchange.read()
            if not data:
                self._at_end = True
                break
            self.bytes += len(data)
            # White space before an answer means nothing, and there may be any amount of it.
            self._first = b"".join(self._exchange.inflate(data)).lstrip()
        return self._first[:1]

    async def read(self) -> Iterator[Frame] | None:
        """Return the frames of the next read, perhaps none; None after the end of the body.

        Raises and cancels as `Exchange.read`; the iterator raises `EventTooLarge`.
        """
        if self._first:
            data, self._first = self._first, b""
            return self._framer.feed(data)
        if not self._at_end:
            data = await self._exchange.read()
            self.bytes += len(data)
            if data:
                return self._framer.feed(data) if self._exchange.plain else self._inflated(data)
            self._at_end = True
        if self._finished:
            return None
        self._finished = True
        return self._framer.finish()

    async def rest(self, max_bytes: int) -> bytes:
        """Return the whole body, for a reply that turned out not to be a stream.

        Raises and cancels as `Exchange.read_all`.
        """
        return self._first if self._at_end else self._first + await self._exchange.read_all(max_bytes)

    def _inflated(self, data: bytes) -> Iterator[Frame]:
        for piece in self._exchange.inflate(data):
            yield from self._framer.feed(piece)

"""A stream on its way into a log, and from there to the client that is connected now."""

from __future__ import annotations

from collections.abc import Mapping

from aiollm.proxy.delivery import EventDelivery
from aiollm.proxy.resume.log import Reader, StreamLog, Superseded

__all__ = ["Recording", "follow"]


class Recording:
    """Takes an answer into a log, at the pace of the client that reads it.

    Args:
        log: the log.
        first: the way to the client that asked; a head that it was sent in silence cannot be taken back.
    """

    def __init__(self, log: StreamLog, first: EventDelivery) -> None:
        self._log = log
        self._first = first

    @property
    def begun(self) -> bool:
        return self._log.begun or self._first.begun

    @property
    def sender(self) -> None:
        return None

    async def begin(self, headers: Mapping[str, str]) -> None:
        self._log.begin(headers)

    async def write(self, frames: bytes) -> None:
        self._log.append(frames)
        await self._log.room()

    async def end(self, frames: bytes) -> None:
        self._log.begin({})
        self._log.append(frames)
        self._log.end()


async def follow(reader: Reader, delivery: EventDelivery, early: Mapping[str, str]) -> None:
    """Send a client what a reader reads, until its end.

    Args:
        reader: reads the stream.
        delivery: the way to the client.
        early: the headers of a stream of which nothing is known yet.

    Raises:
        Exception: what the call has come to instead of a stream; nothing was sent then.
    """
    async with delivery, reader:
        try:
            head = await reader.head()
            await delivery.begin({**early, **head.headers})
            while frames := await reader.next():
                await delivery.write(frames)
            await delivery.end(b"")
        except Superseded:
            delivery.abort()
        except ConnectionError:
            return  # the client is gone, which aiohttp finds out by itself

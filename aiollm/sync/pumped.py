"""The source of a stream that goes on, on the loop, with what was carried to another thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TypeVar

from aiollm.engine.outcome import Ended
from aiollm.engine.second_hand import SecondHandSource
from aiollm.engine.source import AnswerSource
from aiollm.exceptions import StreamCancelled
from aiollm.sync.pump import Pump

__all__ = ["PumpedSource"]

Piece = TypeVar("Piece")
Whole = TypeVar("Whole")


class PumpedSource(SecondHandSource[Piece, Whole]):
    """Takes what a pump carries, which waits until each batch was read.

    Args:
        shared: what the pump reads.
        pump: is cancelled with this source.
    """

    def __init__(self, shared: AnswerSource[Piece, Whole], pump: Pump[Piece, Whole]) -> None:
        super().__init__(shared.call, shared)
        self._pump = pump
        self._line: asyncio.Queue[list[Piece] | BaseException | None] = asyncio.Queue()

    def take_over(self, pieces: Iterable[Piece]) -> None:
        """Go on after some pieces with what nobody has taken from the pump's pipe, and what it carries from now on."""
        self._hand_out(list(pieces))
        for item in self._pump.pipe.drain():
            self._line.put_nowait(item)
        self._pump.turn(self)

    async def put(self, batch: list[Piece], size: int) -> None:
        """Take a batch, and return when it has been read."""
        self._line.put_nowait(batch)
        await self._line.join()

    def end(self, error: BaseException | None = None) -> None:
        """Hear that nothing more comes, or why."""
        self._line.put_nowait(error)

    async def fill(self) -> None:
        self._check_loop()
        while not self.ended and not self.ready:
            try:
                item = await self._line.get()
            except BaseException:
                self.close("closed")
                raise
            if self.ended:  # by another task
                raise StreamCancelled("the stream was closed")
            self._line.task_done()
            if isinstance(item, list):
                self._follow()
                self._hand_out(item)
            else:
                self._finish(item)

    def _hand_out(self, pieces: list[Piece]) -> None:
        self.ready.extend(pieces)
        self.chunks += len(pieces)

    def _release(self, ended: Ended) -> None:
        self._pump.cancel()
        if not self.loop.is_closed():
            self._line.put_nowait(None)

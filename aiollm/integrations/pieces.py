"""What comes of a streamed answer, as frames for who is served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from aiollm.engine.stream import AnswerStream
from aiollm.outbound.frames import EventWriter
from aiollm.wire.alike import AlikeEvents

__all__ = ["Pieces", "Written"]


class Pieces(Protocol):
    """The frames of one answer: one write for what one read gives, so one a piece when paced."""

    async def next(self) -> bytes | None:
        """Return the next frames; None at the end of the answer. Raises what the answer does."""
        ...

    async def pass_on(self, send: Callable[[bytes], bool]) -> None:
        """Give the next frames to `send`, as they are received, for as long as that returns true.

        It also returns, or does nothing, where `next` is to tell. Raises what `send` raises.
        """
        ...

    def rest(self) -> bytes:
        """Return the frames that came before the end, or a fault, and were not returned yet."""
        ...

    def finish(self) -> bytes:
        """Return the end of a whole answer."""
        ...


class Written:
    """The pieces as a writer writes them."""

    def __init__(self, reply: AnswerStream[Any, Any], writer: EventWriter) -> None:
        self._reply = reply
        self._writer = writer
        self._frames: list[bytes] = []
        self._alike: AlikeEvents | None = None
        self.finish: Callable[[], bytes] = writer.finish

    async def next(self) -> bytes | None:
        reply, writer = self._reply, self._writer
        if self._expects():
            await reply.pass_runs(writer.feed, self._keep)
            if data := self.rest():
                return data
        while batch := await reply.next_batch():
            self._frames.extend(map(writer.feed, batch))  # what comes before a piece that cannot be told stays
            if data := self.rest():
                return data
        return None

    async def pass_on(self, send: Callable[[bytes], bool]) -> None:
        if self._expects() and not self._frames:
            await self._reply.pass_runs(self._writer.feed, send)

    def _expects(self) -> bool:
        """Have the answer give what most of its events are like as it comes; return whether that is known."""
        alike = self._writer.alike
        if alike is not self._alike and alike is not None:
            self._alike = alike
            self._reply.expect(alike)
        return alike is not None

    def _keep(self, frames: bytes) -> bool:
        self._frames.append(frames)
        return False

    def rest(self) -> bytes:
        data = b"".join(self._frames)
        self._frames.clear()
        return data

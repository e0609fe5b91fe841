"""What comes of a streamed answer, as frames for its client: written anew, or the provider's own, handed on."""

from __future__ import annotations

from typing import Any, Protocol

from aiollm.engine.stream import AnswerStream
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.format import Format
from aiollm.proxy.inbound.frames import EventWriter
from aiollm.proxy.inbound.messages_events import MessageEvents
from aiollm.wire.alike import AlikeEvents
from aiollm.wire.frame import Frame

__all__ = ["Pieces", "pieces_of"]


class Pieces(Protocol):
    """The frames of one answer: one write for what one read gives, so one a piece when paced."""

    async def next(self) -> bytes | None:
        """Return the next frames; None at the end of the answer. Raises what the answer does."""
        ...

    def rest(self) -> bytes:
        """Return the frames that came before the end, or a fault, and were not returned yet."""
        ...

    def finish(self) -> bytes:
        """Return the end of a whole answer."""
        ...


def pieces_of(reply: AnswerStream[Any, Any], asked: Asked, form: Format, writer: EventWriter) -> Pieces:
    """Return the frames of an answer that has begun: its provider's own, where they are in the client's format."""
    frames = reply.taken_frames()
    if frames is None or form.verbatim is None or not form.verbatim.begin_with(frames):
        return _Written(reply, writer)
    return _HandedOn(reply, frames, form.verbatim(asked))


class _Written:
    """The pieces as a writer writes them."""

    def __init__(self, reply: AnswerStream[Any, Any], writer: EventWriter) -> None:
        self._reply = reply
        self._writer = writer
        self._frames: list[bytes] = []
        self._alike: AlikeEvents | None = None
        self.finish = writer.finish

    async def next(self) -> bytes | None:
        reply, writer = self._reply, self._writer
        if self._alike is not None and (run := await reply.next_run()) is not None:
            return writer.feed(run)
        while batch := await reply.next_batch():
            self._frames.extend(map(writer.feed, batch))  # what comes before a piece that cannot be told stays
            if writer.alike is not self._alike and writer.alike is not None:
                self._alike = writer.alike
                reply.expect(self._alike)
            if data := self.rest():
                return data
        return None

    def rest(self) -> bytes:
        data = b"".join(self._frames)
        self._frames.clear()
        return data


class _HandedOn:
    """The provider's own events."""

    def __init__(self, reply: AnswerStream[Any, Any], frames: list[Frame], events: MessageEvents) -> None:
        self._reply = reply
        self._frames = frames
        self._events = events
        self.finish = events.finish

    async def next(self) -> bytes | None:
        while await self._reply.next_batch():
            if data := self.rest():
                return data
        return None

    def rest(self) -> bytes:
        data = self._events.written([*self._frames, *(self._reply.taken_frames() or ())])
        self._frames.clear()
        return data

"""The frames of a streamed answer for a client of the proxy: the provider's own, where they are in its format."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiollm.engine.stream import AnswerStream
from aiollm.integrations.pieces import Pieces, Written
from aiollm.outbound.frames import EventWriter
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.format import Format
from aiollm.wire.frame import Frame

if TYPE_CHECKING:
    from aiollm.proxy.inbound.messages_events import MessageEvents

__all__ = ["pieces_of"]


def pieces_of(reply: AnswerStream[Any, Any], asked: Asked, form: Format, writer: EventWriter) -> Pieces:
    """Return the frames of an answer that has begun: its provider's own, where they are in the client's format."""
    frames = reply.taken_frames()
    if frames is None or form.verbatim is None or not form.verbatim.begin_with(frames):
        return Written(reply, writer)
    return _HandedOn(reply, frames, form.verbatim(asked))


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

    async def pass_on(self, send: Callable[[bytes], bool]) -> None:
        """Do nothing: each event is looked at."""

    def rest(self) -> bytes:
        data = self._events.written([*self._frames, *(self._reply.taken_frames() or ())])
        self._frames.clear()
        return data

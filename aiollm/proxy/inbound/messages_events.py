"""Anthropic's own events on their way to a client of its format: byte for byte, but for the name of the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiollm.outbound.frames import event_frame
from aiollm.outbound.renaming import Renaming
from aiollm.proxy.inbound.asked import Asked
from aiollm.types.lenient import lenient_json
from aiollm.wire.frame import Frame

__all__ = ["MessageEvents"]

_FIRST, _LAST = "message_start", "message_stop"


class MessageEvents:
    """Hands on one stream of events. Comments and the ends of lines are not kept, which mean nothing."""

    def __init__(self, asked: Asked) -> None:
        self._renamed = Renaming(asked.model, _served_model)
        self._last = ""

    @staticmethod
    def begin_with(frames: Sequence[Frame]) -> bool:
        """Whether these are the first events of a message that names its model."""
        return bool(frames) and frames[0].event == _FIRST and _served_model(frames[0].data) is not None

    def written(self, frames: Iterable[Frame]) -> bytes:
        """Return the events for the client."""
        return b"".join(map(self._written, frames))

    def finish(self) -> bytes:
        """Return what a message that is whole lacks of its end."""
        return b"" if self._last == _LAST else event_frame(_LAST, {"type": _LAST})

    def _written(self, frame: Frame) -> bytes:
        self._last = frame.event
        data = frame.data
        if frame.event == _FIRST:
            data = self._renamed(data) or data
        return b"event: %b\ndata: %b\n\n" % (frame.event.encode(), data)


def _served_model(data: bytes) -> str | None:
    """Return the model that a first event names."""
    try:
        model = lenient_json(data)["message"]["model"]
    except (ValueError, LookupError, TypeError):
        return None
    return model if isinstance(model, str) else None

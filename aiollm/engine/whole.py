"""An answer that came as a whole, behind the face of a decoder."""

from __future__ import annotations

from collections.abc import Iterable

from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import ModelResponse
from aiollm.wire.frame import Frame

__all__ = ["WholeAnswer"]


class WholeAnswer:
    """The account of an answer that came as a whole: a decoder with nothing left to decode."""

    done = finished = True
    content = False

    def __init__(self, response: ModelResponse) -> None:
        self.usage = response.usage
        self.finish_reason = response.choices[0].finish_reason if response.choices else None
        self._response = response

    def feed(self, frame: Frame) -> Iterable[ModelResponseStream]:
        return ()

    def finish(self) -> Iterable[ModelResponseStream]:
        return ()

    def partial(self) -> ModelResponse | None:
        return self._response

"""An answer that came as a whole, behind the face of a decoder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame

__all__ = ["WholeAnswer"]

Whole = TypeVar("Whole")


class WholeAnswer(Generic[Whole]):
    """The account of an answer that came as a whole: a decoder with nothing left to decode."""

    done = finished = True
    content = False

    def __init__(self, response: Whole, usage: Usage | None, finish_reason: str | None) -> None:
        self.usage = usage
        self.finish_reason = finish_reason
        self._response = response

    def feed(self, frame: Frame) -> Iterable[Any]:
        return ()

    def finish(self) -> Iterable[Any]:
        return ()

    def partial(self) -> Whole | None:
        return self._response

"""What a stream is left with once its answer is read by others."""

# The source of a stream, which users do not see, is shared by the engine.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from aiollm.engine.outcome import Ended, Outcome
from aiollm.engine.second_hand import SecondHandSource
from aiollm.engine.source import AnswerSource
from aiollm.engine.stats import StreamStats
from aiollm.exceptions import StreamCancelled

if TYPE_CHECKING:  # which hands itself on
    from aiollm.engine.stream import AnswerStream

__all__ = ["HANDED_ON", "hand_on"]

HANDED_ON = "the stream was handed on by tee() or coalesce(): read what that returned"

Stream = TypeVar("Stream", bound="AnswerStream[Any, Any]")


def hand_on(stream: Stream) -> Stream:
    """Return a stream that reads on where the given one stands, which is not to be read any more.

    The given one still tells of the answer. Leaving or dropping it closes nothing.
    """
    source = stream._source
    stream._source = _HandedOn(source)
    return type(stream)(source)


class _HandedOn(SecondHandSource[Any, Any]):
    """Tells of an answer that others read."""

    def __init__(self, source: AnswerSource[Any, Any]) -> None:
        super().__init__(source.call, source)
        self.chunks = source.chunks
        self.ended = True  # nothing of it is this one's to close

    async def fill(self) -> NoReturn:
        raise StreamCancelled(HANDED_ON)

    def notify(self, listener: Callable[[Outcome], None]) -> None:
        self._shared.notify(listener)

    def _release(self, ended: Ended) -> None:
        """It holds nothing."""

    @property
    def complete(self) -> bool:
        return self._shared.complete

    def stats(self) -> StreamStats:
        return self._shared.stats()

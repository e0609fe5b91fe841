"""What a stream is left with once its answer is read by others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from aiollm.engine.outcome import Ended, Outcome
from aiollm.engine.source import AnswerSource
from aiollm.engine.stats import StreamStats
from aiollm.exceptions import StreamCancelled
from aiollm.types.usage import Usage

if TYPE_CHECKING:  # which hands itself on
    from aiollm.engine.stream import AnswerStream

__all__ = ["hand_on"]

Stream = TypeVar("Stream", bound="AnswerStream[Any, Any]")


def hand_on(stream: Stream) -> Stream:
    """Return a stream that reads on where the given one stands, which is not to be read any more.

    The given one still tells of the answer. Leaving or dropping it closes nothing.
    """
    source = stream._source
    stream._source = _HandedOn(source)
    return type(stream)(source)


class _HandedOn(AnswerSource[Any, Any]):
    """Tells of an answer that others read."""

    def __init__(self, source: AnswerSource[Any, Any]) -> None:
        super().__init__(source.call, source.head, source.origin)
        self.response = source.response
        self.first_token = source.first_token
        self.chunks = source.chunks
        self.ended = True  # nothing of it is this one's to close
        self._source = source

    async def fill(self) -> NoReturn:
        raise StreamCancelled("the stream was handed on by tee() or coalesce(): read what that returned")

    def notify(self, listener: Callable[[Outcome], None]) -> None:
        self._source.notify(listener)

    def _release(self, ended: Ended) -> None:
        """It holds nothing."""

    def partial(self) -> Any:
        return self._source.partial()

    @property
    def complete(self) -> bool:
        return self._source.complete

    @property
    def usage(self) -> Usage | None:
        return self._source.usage

    @property
    def finish_reason(self) -> str | None:
        return self._source.finish_reason

    @property
    def bytes(self) -> int:
        return self._source.bytes

    @property
    def stats(self) -> StreamStats:
        return self._source.stats

"""An answer that came as a whole, as a source of chunks that has ended from the beginning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from aiollm.engine.attempt import Attempt
from aiollm.engine.call import Call
from aiollm.engine.outcome import Ended, Outcome
from aiollm.engine.source import AnswerSource, tell
from aiollm.engine.stats import Arrivals, StreamStats
from aiollm.types.origin import Origin
from aiollm.types.usage import Usage
from aiollm.wire.http import ReplyHead

__all__ = ["Account", "WholeSource"]

Piece = TypeVar("Piece")
Whole = TypeVar("Whole")


class Account(msgspec.Struct, frozen=True):
    """What a whole answer says of itself, in the terms of chat."""

    usage: Usage | None
    finish_reason: str | None


class WholeSource(AnswerSource[Piece, Whole]):
    """A whole answer, and the chunks it was split into; none, where the call did not stream.

    With an error, the chunks are those of an answer that broke off, and the response is what came of it.
    """

    def __init__(
        self,
        call: Call,
        head: ReplyHead,
        origin: Origin,
        response: Whole,
        account: Account,
        chunks: Iterable[Piece],
        error: Exception | None = None,
    ) -> None:
        super().__init__(call, head, origin)
        self.response: Whole | None = response
        self._account = account
        self.ready.extend(chunks)
        self.chunks: int = len(self.ready)
        self.first_token: float | None = (elapsed := self.elapsed())
        self.error: BaseException | None = error
        self.ended: bool = True
        ended: Ended = "complete" if error is None else "failed"
        self._ending: tuple[Ended, BaseException | None, float] | None = ended, error, elapsed
        # One for all who ask: unlike that of other sources, it does not refer to this.
        self._told = Outcome(
            ended,
            error,
            account.usage,
            account.finish_reason,
            self.chunks,
            elapsed,
            elapsed,
            origin,
            lambda: response,
            partial(_stats, account.usage, self.chunks, elapsed, call.attempts),
        )

    async def fill(self) -> None:
        """Nothing more comes."""

    def _release(self, ended: Ended) -> None:
        """The connection has been given back."""

    def notify(self, listener: Callable[[Outcome], None]) -> None:
        """Call `listener` with the outcome, at once."""
        tell(listener, self._told)

    @property
    def usage(self) -> Usage | None:
        return self._account.usage

    @property
    def finish_reason(self) -> str | None:
        return self._account.finish_reason


def _stats(usage: Usage | None, chunks: int, elapsed: float, attempts: Sequence[Attempt]) -> StreamStats:
    """Return how an answer came that came as a whole."""
    return Arrivals().stats(
        first_token=elapsed,
        tokens=None if usage is None else usage.completion_tokens,
        chunks=chunks,
        body_bytes=0,
        attempts=len(attempts),
        elapsed=elapsed,
    )

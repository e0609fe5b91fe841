"""An answer that came as a whole, as a source of chunks that has ended from the beginning."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from aiollm.engine.call import Call
from aiollm.engine.outcome import Ended
from aiollm.engine.source import AnswerSource
from aiollm.types.origin import Origin
from aiollm.types.usage import Usage
from aiollm.wire.http import ReplyHead

__all__ = ["Account", "WholeSource"]

Piece = TypeVar("Piece")
Whole = TypeVar("Whole")


class Account(NamedTuple):
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
        self.first_token: float | None = self.elapsed()
        self.error: BaseException | None = error
        self.close("complete" if error is None else "failed", error)

    async def fill(self) -> None:
        """Nothing more comes."""

    def _release(self, ended: Ended) -> None:
        """The connection has been given back."""

    @property
    def usage(self) -> Usage | None:
        return self._account.usage

    @property
    def finish_reason(self) -> str | None:
        return self._account.finish_reason

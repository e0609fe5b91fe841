"""The source of an answer that is read from another source."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from aiollm.engine.attempt import Attempt
from aiollm.engine.call import Call
from aiollm.engine.source import AnswerSource
from aiollm.engine.stats import Arrivals
from aiollm.exceptions import APIError, StreamCancelled, WrongLoopError
from aiollm.types.origin import Origin
from aiollm.types.usage import Usage
from aiollm.wire.http import ReplyHead

__all__ = ["SecondHandSource"]

Piece = TypeVar("Piece")
Whole = TypeVar("Whole")


class SecondHandSource(AnswerSource[Piece, Whole]):
    """Tells of the answer what the source tells that it comes from, and has an ending of its own.

    Args:
        call: the call that it answers.
        shared: where the answer comes from.
    """

    def __init__(self, call: Call, shared: AnswerSource[Piece, Whole]) -> None:
        super().__init__(call, shared.head, shared.origin)
        self.attempts: list[Attempt] = shared.attempts
        self.first_token: float | None = shared.first_token
        self._shared: AnswerSource[Piece, Whole] = shared
        self._follow()

    def _follow(self) -> None:
        """Tell who answers now: a fallback may, or another model that takes up what broke off."""
        shared = self._shared
        self.model: str = shared.model
        self.provider: str = shared.provider
        self.head: ReplyHead = shared.head
        self.attempt: int = shared.attempt
        self.origin: Origin = shared.origin
        self.response: Whole | None = shared.response

    def _check_loop(self) -> None:
        if self.loop is not asyncio.get_running_loop():
            raise WrongLoopError("the stream belongs to another event loop than the one that is running")

    def _finish(self, error: BaseException | None) -> None:
        """End as the other has, after its error if there was one."""
        if error is None and self._shared.complete:
            self.close("complete")
            return
        self.error: BaseException | None = error or StreamCancelled("the stream was closed")
        if isinstance(error, APIError):
            self.close("failed", error)
        else:
            self.close("closed")

    def partial(self) -> Whole | None:
        return self._shared.partial()

    @property
    def hidden_params(self) -> dict[str, Any]:
        return self._shared.hidden_params

    @property
    def usage(self) -> Usage | None:
        return self._shared.usage

    @property
    def finish_reason(self) -> str | None:
        return self._shared.finish_reason

    @property
    def finish_inferred(self) -> bool:
        return self.ended and self._shared.finish_inferred

    @property
    def bytes(self) -> int:
        return self._shared.bytes

    @property
    def arrivals(self) -> Arrivals:
        return self._shared.arrivals

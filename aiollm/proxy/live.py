"""What is being answered now: for the page, for metrics, and for an end that waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec

from aiollm.core.scope import CancelScope
from aiollm.engine.stream import AnswerStream
from aiollm.proxy.keys import Holder

__all__ = ["LiveCall", "LiveCalls"]


class LiveCall(msgspec.Struct, eq=False):
    """One call that goes on.

    Attributes:
        id: the id of the request.
        api: which format it came in: "chat", "completion", "embedding", "message" or "response".
        model: what the caller calls the model.
        key: the virtual key that it came with, or None.
        stream: whether it is streamed.
        started: when it began, in seconds since 1970.
        answer: what it is answered with, once that has begun to be streamed.
    """

    id: str
    api: str
    model: str
    key: Holder | None
    stream: bool
    started: float
    _scope: CancelScope
    answer: AnswerStream[Any, Any] | None = None

    def __repr__(self) -> str:
        # The answer may be private.
        return f"<LiveCall {self.id}: {self.api} of {self.model}>"

    @property
    def chunks(self) -> int:
        """How many pieces of the answer have come."""
        return 0 if self.answer is None else self.answer.chunks

    def stop(self) -> None:
        """End it: its caller is told that the gateway did."""
        self._scope.cancel("the gateway ends")


class LiveCalls:
    """All calls that go on in this worker, the oldest first."""

    def __init__(self) -> None:
        self._calls: dict[LiveCall, None] = {}
        self._empty: list[asyncio.Future[None]] = []

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[LiveCall]:
        return iter(list(self._calls))

    def add(self, call: LiveCall) -> None:
        """Count a call in."""
        self._calls[call] = None

    def remove(self, call: LiveCall) -> None:
        """Count a call out."""
        del self._calls[call]
        if not self._calls:
            waiting, self._empty = self._empty, []
            for waiter in waiting:
                if not waiter.done():
                    waiter.set_result(None)

    async def wait_empty(self) -> None:
        """Wait until no call goes on."""
        while self._calls:
            waiter = asyncio.get_running_loop().create_future()
            self._empty.append(waiter)
            await waiter

"""Something to send in silence: load balancers close a connection over which nothing comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

__all__ = ["SILENCE_SECONDS", "Heartbeat"]

SILENCE_SECONDS = 15.0
"""How long nothing may be sent before a heartbeat is."""


class Heartbeat:
    """Sends something whenever nothing else has been sent for a while, by a timer and no task until then.

    Args:
        silence: seconds until it does.
        send: sends it; that the client is gone (an `OSError`) is for others to find out.

    Attributes:
        last: when something was sent, in the loop's time. Who sends often sets it instead of calling `sent`.
    """

    def __init__(self, silence: float, send: Callable[[], Awaitable[None]]) -> None:
        self._silence = silence
        self._send: Callable[[], Awaitable[None]] | None = send
        self._loop = asyncio.get_running_loop()
        self.last: float = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._beat: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._timer = self._loop.call_later(self._silence, self._look)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._timer is not None
        self._timer.cancel()
        if self._beat is not None:
            self._beat.cancel()
        self._send = None  # a method of who holds this, mostly

    def sent(self) -> None:
        """Take note that something else has been sent."""
        self.last = self._loop.time()

    def _look(self) -> None:
        now = self._loop.time()
        if now >= self.last + self._silence:
            self.last = now
            if self._beat is None or self._beat.done():
                self._beat = self._loop.create_task(self._send_one())
        self._timer = self._loop.call_at(self.last + self._silence, self._look)

    async def _send_one(self) -> None:
        assert self._send is not None
        with suppress(OSError):
            await self._send()

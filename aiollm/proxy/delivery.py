"""The body of a streamed answer on its way to the client.

The head goes out with the first content, so that what fails before it is an error with a status of its own. When
nothing has come for a while the head goes out alone, and heartbeats follow it: load balancers close what is silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from aiohttp import web

from aiollm.proxy.connection import connection_of

__all__ = ["SILENCE_SECONDS", "Delivery", "EventDelivery"]

SILENCE_SECONDS = 15.0
"""How long nothing may be sent before a heartbeat is."""


class Delivery(Protocol):
    """Where the events of one answer go."""

    @property
    def begun(self) -> bool:
        """Whether there is a head: what fails from then on can be told in a frame only."""
        ...

    async def begin(self, headers: Mapping[str, str]) -> object:
        """Take the headers of the answer."""
        ...

    async def write(self, frames: bytes) -> None:
        """Take whole frames, and wait while there is no room for more."""
        ...

    async def end(self, frames: bytes) -> None:
        """Take the last frames."""
        ...


class EventDelivery:
    """Writes the events of one answer to one client.

        async with EventDelivery(request, early_headers, writer.heartbeat) as delivery:
            await delivery.begin(headers)
            await delivery.write(frames)
            await delivery.end(last_frames)

    Cancelling leaves the connection as it is; aiohttp closes it.

    Args:
        request: the client's request.
        early: the headers of a stream of which nothing is known yet.
        heartbeat: what is sent in silence.
        silence: seconds until it is.
    """

    def __init__(
        self, request: web.Request, early: Mapping[str, str], heartbeat: bytes, silence: float = SILENCE_SECONDS
    ) -> None:
        self._request = request
        self._early = early
        self._heartbeat = heartbeat
        self._silence = silence
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._beat: asyncio.Task[None] | None = None
        self._guard = connection_of(request)
        # From then on frames need no more of aiohttp than the transport: four calls for each, of the seven on its way.
        self._head_is_out = False
        self.response: web.StreamResponse | None = None

    async def __aenter__(self) -> Self:
        self._timer = self._loop.call_later(self._silence, self._look)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._timer is not None
        self._timer.cancel()
        if self._beat is not None:
            self._beat.cancel()

    @property
    def begun(self) -> bool:
        """Whether the head has been sent: what fails from then on can be told in a frame only."""
        return self.response is not None

    async def begin(self, headers: Mapping[str, str]) -> web.StreamResponse:
        """Send the head, unless it was sent in silence; it waits for the first bytes of the body."""
        if self.response is None:
            self.response = response = web.StreamResponse(headers=headers)
            if self._guard is not None and self._request.version >= (1, 1):  # before, nothing was chunked
                response.enable_chunked_encoding()
            await response.prepare(self._request)
        return self.response

    async def write(self, frames: bytes) -> None:
        """Send frames in one write, and wait while the client has too much left to read.

        Raises:
            ConnectionError: the client is gone.
        """
        self._last = self._loop.time()
        guard, response = self._guard, self.response
        if self._head_is_out and guard is not None:
            guard.write(b"%x\r\n%b\r\n" % (len(frames), frames))
            if guard.paused:
                await guard.writable()
            return
        assert response is not None
        await response.write(frames)  # with the head before them
        self._head_is_out = response.chunked

    async def end(self, frames: bytes) -> None:
        """Send the last frames, and the end of the body."""
        assert self.response is not None
        await self.response.write_eof(frames)

    def abort(self) -> None:
        """Close the connection in the middle of the answer, which is no end that a client could take for one."""
        if (transport := self._request.transport) is not None:
            transport.abort()

    def _look(self) -> None:
        now = self._loop.time()
        if now >= self._last + self._silence:
            self._last = now
            if self._beat is None or self._beat.done():
                self._beat = self._loop.create_task(self._send_heartbeat())
        self._timer = self._loop.call_at(self._last + self._silence, self._look)

    async def _send_heartbeat(self) -> None:
        with suppress(ConnectionError):  # the client is gone; the handler hears of it by itself
            response = await self.begin(self._early)
            await response.write(self._heartbeat)

"""The body of a streamed answer on its way to the client of an aiohttp server.

The head goes out with the first content, so that what fails before it is an error with a status of its own. When
nothing has come for a while the head goes out alone, and heartbeats follow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from aiollm.integrations import web
from aiollm.integrations.heartbeat import SILENCE_SECONDS, Heartbeat
from aiollm.integrations.relaying import Sender

__all__ = ["EventDelivery"]


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
        self, request: web.BaseRequest, early: Mapping[str, str], heartbeat: bytes, silence: float = SILENCE_SECONDS
    ) -> None:
        self._request = request
        self._early = early
        self._beat = heartbeat
        self._heartbeat = Heartbeat(silence, self._send_heartbeat)
        self.response: web.StreamResponse | None = None

    async def __aenter__(self) -> Self:
        self._heartbeat.__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._heartbeat.__exit__(kind, error, trace)

    @property
    def begun(self) -> bool:
        """Whether the head has been sent: what fails from then on can be told in a frame only."""
        return self.response is not None

    @property
    def sender(self) -> Sender | None:
        """None: aiohttp's response has each write waited for."""
        return None

    async def begin(self, headers: Mapping[str, str]) -> web.StreamResponse:
        """Send the head, unless it was sent in silence; it waits for the first bytes of the body."""
        if self.response is None:
            self.response = response = self._begun(headers)
            await response.prepare(self._request)
        return self.response

    async def write(self, frames: bytes) -> None:
        """Send frames in one write, and wait while the client has too much left to read.

        Raises:
            ConnectionError: the client is gone.
        """
        self._heartbeat.sent()
        assert self.response is not None
        await self.response.write(frames)  # with the head before them

    async def end(self, frames: bytes) -> None:
        """Send the last frames, and the end of the body."""
        assert self.response is not None
        await self.response.write_eof(frames)

    def abort(self) -> None:
        """Close the connection in the middle of the answer, which is no end that a client could take for one."""
        if (transport := self._request.transport) is not None:
            transport.abort()

    def _begun(self, headers: Mapping[str, str]) -> web.StreamResponse:
        """Return a response whose head has not been sent."""
        return web.StreamResponse(headers=headers)

    async def _send_heartbeat(self) -> None:
        response = await self.begin(self._early)
        await response.write(self._beat)

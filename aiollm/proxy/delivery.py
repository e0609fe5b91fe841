"""The body of a streamed answer on its way to a client of the proxy, past aiohttp where that is possible."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from aiollm.integrations import event_delivery
from aiollm.integrations.heartbeat import SILENCE_SECONDS
from aiollm.integrations.relaying import Delivery
from aiollm.proxy.connection import connection_of

__all__ = ["SILENCE_SECONDS", "Delivery", "EventDelivery"]


class EventDelivery(event_delivery.EventDelivery):
    """Writes the events of one answer to one client, over a connection whose guard knows how much waits for it."""

    def __init__(
        self, request: web.BaseRequest, early: Mapping[str, str], heartbeat: bytes, silence: float = SILENCE_SECONDS
    ) -> None:
        super().__init__(request, early, heartbeat, silence)
        self._guard = connection_of(request)
        # From then on frames need no more of aiohttp than the transport: four calls for each, of the seven on its way.
        self._head_is_out = False

    async def write(self, frames: bytes) -> None:
        guard = self._guard
        if self._head_is_out and guard is not None:
            self._heartbeat.sent()
            guard.write(b"%x\r\n%b\r\n" % (len(frames), frames))
            if guard.paused:
                await guard.writable()
            return
        await super().write(frames)
        assert self.response is not None
        self._head_is_out = self.response.chunked

    def _shape(self, response: web.StreamResponse) -> None:
        if self._guard is not None and self._request.version >= (1, 1):  # before, nothing was chunked
            response.enable_chunked_encoding()

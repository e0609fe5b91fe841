"""The body of a streamed answer on its way to a client of the proxy, past aiohttp."""

from __future__ import annotations

from collections.abc import Mapping

from aiollm.integrations import event_delivery
from aiollm.integrations.heartbeat import SILENCE_SECONDS
from aiollm.integrations.relaying import Delivery
from aiollm.proxy.request import Request
from aiollm.proxy.sending import EventResponse

__all__ = ["SILENCE_SECONDS", "Delivery", "EventDelivery"]


class EventDelivery(event_delivery.EventDelivery):
    """Writes the events of one answer to one client, over a connection whose guard knows how much waits for it."""

    response: EventResponse | None  # pyright: ignore[reportIncompatibleVariableOverride]  # only `_begun` makes it

    def __init__(
        self, request: Request, early: Mapping[str, str], heartbeat: bytes, silence: float = SILENCE_SECONDS
    ) -> None:
        super().__init__(request, early, heartbeat, silence)
        self._asked = request

    @property
    def sender(self) -> EventDelivery:
        """Itself."""
        return self

    def send(self, frames: bytes) -> bool:
        """Send frames of an answer that has begun, and return whether there is room for more.

        Raises:
            ConnectionError: the client is gone.
        """
        self._heartbeat.sent()
        assert self.response is not None
        return self.response.send(frames)

    async def room(self) -> None:
        """Wait until there is room for more.

        Raises:
            ConnectionError: the client is gone.
        """
        assert self.response is not None
        await self.response.guard.writable()

    async def write(self, frames: bytes) -> None:
        if not self.send(frames):
            await self.room()

    def _begun(self, headers: Mapping[str, str]) -> EventResponse:
        return EventResponse(self._asked, headers)

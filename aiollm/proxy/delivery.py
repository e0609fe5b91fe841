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
    def sender(self) -> EventResponse | None:
        """The response."""
        return self.response

    def _begun(self, headers: Mapping[str, str]) -> EventResponse:
        return EventResponse(self._asked, headers, self._heartbeat)

"""How many calls a worker answers at a time: those beyond wait in a line that is bounded too, or are sent away."""

from __future__ import annotations

import asyncio
from collections import deque

from aiollm.proxy.config.settings import GeneralSettings
from aiollm.proxy.inbound.failure import Failure, Refusal

__all__ = ["WAIT_SECONDS", "Entrance"]

WAIT_SECONDS = 10.0
"""How long a call waits where the configuration does not say."""


class Entrance:
    """Counts the calls that are answered. Each `enter`, with its `wait` where it gives a turn, has its `leave`."""

    def __init__(self) -> None:
        self._inside = 0
        self._line: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        """How many calls wait."""
        return len(self._line)

    def enter(self, settings: GeneralSettings) -> asyncio.Future[None] | None:
        """Let a call in, and return None; or return its turn, to be waited for.

        Raises:
            Refusal: there is no room, and none in the line.
        """
        most = settings.max_in_flight_requests_per_worker
        if most is None or (self._inside < most and not self._line):
            self._inside += 1
            return None
        if len(self._line) >= (settings.max_queued_requests_per_worker or 0):
            raise _full()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        return turn

    async def wait(self, turn: asyncio.Future[None], settings: GeneralSettings) -> None:
        """Wait until a call is let in. Cancelling leaves the line.

        Raises:
            Refusal: that took longer than it may.
        """
        longest = settings.admission_queue_timeout_seconds or WAIT_SECONDS
        try:
            async with asyncio.timeout(longest):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # its turn came as it went away
                self.leave()
            elif turn in self._line:
                self._line.remove(turn)
            if isinstance(error, TimeoutError):
                raise _full() from None
            raise

    def leave(self) -> None:
        """Take note that a call has ended; its place is given to the first in the line."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._inside -= 1


def _full() -> Refusal:
    message = "the gateway answers as many requests as it may; come again in a moment"
    return Refusal(Failure(503, message, "gateway_overloaded", "server_error", None, True, 1.0))

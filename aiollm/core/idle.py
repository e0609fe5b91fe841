"""Connections that wait for a next request."""

from __future__ import annotations

import time
from collections import deque

from aiollm.core.connection import ConnectionProtocol
from aiollm.core.deadlines import Deadlines

__all__ = ["KEEPALIVE_SECONDS", "IdleConnections"]

KEEPALIVE_SECONDS = 15.0
"""How long an idle connection is kept. Servers close theirs after 5 to 60 s."""


class IdleConnections:
    """Connections to one place that wait for a next request: the one that was used last is taken first.

    aiohttp's connector would keep them as well, but the way there and back takes 33,000 instructions a request, three
    times as many.

    Args:
        deadlines: those of the event loop.
    """

    __slots__ = ("_deadlines", "_is_watched", "_loop", "_waiting")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._loop = deadlines.loop
        self._waiting: deque[tuple[ConnectionProtocol, float, float]] = deque()  # since when, by the loop and the wall
        self._is_watched = False

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self) -> ConnectionProtocol | None:
        """Return a connection that a request may go over, if there is one; others are closed."""
        while self._waiting:
            protocol, since, seen = self._waiting.pop()
            # While a machine sleeps, the loop's clock stands still: whoever was at the other end is gone all the same.
            waited = max(self._loop.time() - since, time.time() - seen)
            if waited <= KEEPALIVE_SECONDS and protocol.is_connected():
                protocol.heard = None
                return protocol
            protocol.close()
        return None

    def keep(self, protocol: ConnectionProtocol) -> None:
        """Let a connection wait."""
        now = self._loop.time()
        protocol.heard = protocol.close  # what comes unasked, or a part of it, would be taken for the next reply
        self._waiting.append((protocol, now, time.time()))
        if not self._is_watched:
            self._watch(now)

    def close(self) -> list[ConnectionProtocol]:
        """Close all that wait, and return them."""
        closing = [protocol for protocol, _, _ in self._waiting]
        self._waiting.clear()
        for protocol in closing:
            protocol.close()
        return closing

    def ring(self) -> None:
        """Close those that have waited long enough; for `deadlines`."""
        self._is_watched = False
        now = self._loop.time()
        while self._waiting and now - self._waiting[0][1] >= KEEPALIVE_SECONDS:
            self._waiting.popleft()[0].close()
        if self._waiting:
            self._watch(now)

    def _watch(self, now: float) -> None:
        """Look again when the one that waits longest has waited long enough."""
        self._is_watched = True
        self._deadlines.set(self, self._waiting[0][1] + KEEPALIVE_SECONDS, now)

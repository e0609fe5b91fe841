"""One connection of a client, with the clocks that aiohttp's server lacks.

Without them a client that sends half a head, or that never reads its answer, holds its connection for ever. The guard
stands between the transport and aiohttp's own protocol; it looks at when bytes come and go, never at what they are.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import cast

from aiollm.integrations import web

__all__ = ["ANSWER_SECONDS", "HEAD_SECONDS", "ConnectionGuard", "Connections", "connection_of"]

HEAD_SECONDS = 10.0
"""How long a client may take from connecting, or from the first byte of a request, to the end of the request's head."""

ANSWER_SECONDS = 30.0
"""How long a client may leave unread what waits for it."""

SWEEP_SECONDS = 1.0

WAITING_BYTES = 32 * 1024
"""From how many bytes on that a client has not taken yet the upstream is no longer read. One read of the upstream may
come on top of them, and as much may wait to be read: at most 96 KiB each (`core/connection.py`), so that all is under
256."""

_logger = logging.getLogger("aiollm.proxy")


class ConnectionGuard(asyncio.Protocol):
    """Passes everything on to aiohttp's protocol, and takes note of when it came.

    Attributes:
        cut: whether the connection was closed because the client did not read.
        address: where the client is.
    """

    def __init__(self, protocol: asyncio.Protocol, connections: Connections) -> None:
        self._protocol = protocol
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._head_since: float | None = self._loop.time()  # None while a request is answered, or between requests
        self._answering = False
        self._paused_since: float | None = None
        self._writer: asyncio.Future[None] | None = None  # resolved when the client has read enough
        self._waiting = 0  # bytes not taken by the client yet, at the last look
        self._waiting_since = 0.0
        self.cut: bool = False
        self.address: str = ""
        self._refused = False

    # What the server's routes tell

    def begin(self) -> None:
        """Take note that the head of a request has come, and that it is being answered."""
        self._answering = True
        self._head_since = None

    def end(self) -> None:
        """Take note that the request has been answered."""
        self._answering = False

    # What is written past aiohttp

    def write(self, data: bytes) -> bool:
        """Send bytes of an answer that has begun, and return whether the client has read enough to take more.

        Raises:
            ConnectionError: the client is gone.
        """
        if self._transport is None:
            raise ConnectionResetError("the client is gone")
        self._transport.write(data)
        return self._paused_since is None

    async def writable(self) -> None:
        """Wait until the client has read enough.

        Raises:
            ConnectionError: it is gone.
        """
        while self._paused_since is not None:
            self._writer = self._loop.create_future()
            await self._writer

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's says so of none of its own
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if peer else ""
        if not self._connections.add(self):
            self._refused = True
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=WAITING_BYTES)
        self._protocol.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._refused:
            return
        self._connections.remove(self)
        self._transport = None
        if self._writer is not None and not self._writer.done():
            self._writer.set_exception(ConnectionResetError("the client is gone"))
        self._protocol.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head_since is None and not self._answering:
            self._head_since = self._loop.time()
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def pause_writing(self) -> None:
        self._paused_since = self._loop.time()
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._paused_since = None
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)
        self._protocol.resume_writing()

    # What time tells

    def look(self, now: float) -> None:
        """Close the connection if its client has been too slow."""
        if self._transport is None:
            return
        if self._head_since is not None and now - self._head_since > HEAD_SECONDS:
            self._transport.abort()
        elif self._paused_since is not None and now - self._paused_since > ANSWER_SECONDS:
            self._cut()
        else:
            waiting = self._transport.get_write_buffer_size()
            if not waiting or waiting != self._waiting:
                self._waiting, self._waiting_since = waiting, now
            elif now - self._waiting_since > ANSWER_SECONDS:
                self._cut()

    def _cut(self) -> None:
        assert self._transport is not None
        self.cut = True
        self._transport.abort()


class Connections:
    """All connections of a server, looked at once a second.

        connections = Connections(runner.server)
        listener = await loop.create_server(connections.accept, ...)
        async with connections: ...

    Args:
        protocols: makes aiohttp's protocol of a connection.
        most: tells how many one address may have at present.
    """

    def __init__(self, protocols: Callable[[], asyncio.Protocol], most: Callable[[], int]) -> None:
        self._protocols = protocols
        self._most = most
        self._open: set[ConnectionGuard] = set()
        self._by_address: Counter[str] = Counter()
        self._refused: str | None = None  # an address, since the last look: the log must not grow with each attempt
        self._handle: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._open)

    def accept(self) -> ConnectionGuard:
        """Return the protocol of a connection."""
        return ConnectionGuard(self._protocols(), self)

    def start(self) -> None:
        """Begin to look."""
        self._handle = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def stop(self) -> None:
        """Look no more."""
        if self._handle is not None:
            self._handle.cancel()

    def add(self, guard: ConnectionGuard) -> bool:
        """Count a connection in; false if its address has as many as it may, and this one is to be closed."""
        if self._by_address[guard.address] >= self._most():
            self._refused = guard.address
            return False
        self._by_address[guard.address] += 1
        self._open.add(guard)
        return True

    def remove(self, guard: ConnectionGuard) -> None:
        """Count a connection out."""
        self._open.discard(guard)
        self._by_address[guard.address] -= 1
        if not self._by_address[guard.address]:
            del self._by_address[guard.address]

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for guard in list(self._open):
            guard.look(now)
        if self._refused is not None:
            limit = "aiollm_settings.max_connections_per_address"
            _logger.warning("connections of %s are closed at once: it has %d (%s)", self._refused, self._most(), limit)
            self._refused = None
        self.start()


def connection_of(request: web.BaseRequest) -> ConnectionGuard | None:
    """Return the guard of the connection that a request came over; None where that is lost."""
    transport = request.transport
    protocol = None if transport is None else transport.get_protocol()
    return protocol if isinstance(protocol, ConnectionGuard) else None

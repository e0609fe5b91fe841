"""What receives on one connection: aiohttp's protocol, with bounds, and for readers in a hurry."""

# aiohttp has no public names for these.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

__all__ = ["RECEIVE_BYTES", "WAITING_BYTES", "ConnectionProtocol", "end_pause"]

RECEIVE_BYTES = 64 * 1024
"""How much is taken from a socket at a time. Event loops would take 256 KiB, and all of it for one slow reader."""

WAITING_BYTES = 16 * 1024
"""When nobody reads, the socket is left alone once twice as much waits."""


class ConnectionProtocol(ResponseHandler):
    """One connection. It knows whether it was used, and ends a body when it is lost.

    (aiohttp lets the reader wait for ever after a malformed chunk size.)

    Args:
        loop: the event loop.
        room: where all connections of the loop receive, one at a time: what has come is taken out at once.

    Attributes:
        used: whether a request went over it.
        heard: called when something has come, and when the connection is lost, for who does not wait for the body.
    """

    used: bool = False
    heard: Callable[[], None] | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop, room: memoryview) -> None:
        super().__init__(loop)
        self._room = room

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        _wait_with_less(transport)
        super().connection_made(transport)
        cast("asyncio.Transport", transport).set_protocol(_Receiver(self, self._room))

    @property
    def is_full(self) -> bool:
        """Whether it holds as much as it may, so that no more comes before some of it is read."""
        return self._reading_paused

    def pause_reading(self) -> None:
        super().pause_reading()
        if self._payload is not None:
            end_pause(self._payload)

    def resume_reading(self, resume_parser: bool = True) -> None:
        # aiohttp calls this for each piece that is taken, and would have its parser read nothing: 6 us a chunk.
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def connection_lost(self, exc: BaseException | None) -> None:
        body = self._payload
        super().connection_lost(exc)
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(aiohttp.ClientPayloadError("the body is malformed, or the connection was closed in it"))
        if self.heard is not None:
            self.heard()


class _Receiver(asyncio.BufferedProtocol):
    """Takes what comes for a protocol: loops give it into a room of ours only to one that takes it in no other way."""

    def __init__(self, protocol: ConnectionProtocol, room: memoryview) -> None:
        self._protocol = protocol
        self._room = room

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        protocol = self._protocol
        protocol.data_received(self._room[:nbytes].tobytes())
        if protocol.heard is not None:
            protocol.heard()

    def eof_received(self) -> None:
        self._protocol.eof_received()

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._protocol.connection_lost(exc)


def end_pause(body: aiohttp.StreamReader) -> None:
    """Wake who waits for the end of a body, though it has not come; `asyncio.timeout` takes twice as long."""
    waiter = getattr(body, "_eof_waiter", None)  # an empty body has none
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def _wait_with_less(transport: asyncio.BaseTransport) -> None:
    """Bound what a TLS connection of asyncio holds encrypted while nobody reads; it would be up to 512 KiB.

    What it takes from a socket at a time can be told to it in no public way.
    """
    protocol: Any = getattr(transport, "_ssl_protocol", None)
    if protocol is not None and hasattr(protocol, "_ssl_buffer_view"):
        protocol._set_read_buffer_limits(high=WAITING_BYTES)
        protocol.max_size = RECEIVE_BYTES
        protocol._ssl_buffer = bytearray(RECEIVE_BYTES)
        protocol._ssl_buffer_view = memoryview(protocol._ssl_buffer)

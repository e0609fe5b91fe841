"""The reply to one request, on the connection it came over."""

# aiohttp's public methods tell only the fault of a body any more, and look at it twice for what has come.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress

import aiohttp
from aiohttp.http import RawResponseMessage

from aiollm.core.connection import ConnectionProtocol
from aiollm.core.idle import IdleConnections
from aiollm.wire.http import ReplyHead

__all__ = ["Reply"]


class Reply:
    """A reply whose head is there.

    Attributes:
        head: status and headers.
        content: the body, as it comes.
        protocol: the connection it comes over, until `release` or `abort`.
    """

    __slots__ = ("_idle", "content", "head", "protocol")

    def __init__(
        self,
        message: RawResponseMessage,
        content: aiohttp.StreamReader,
        protocol: ConnectionProtocol,
        idle: IdleConnections,
    ) -> None:
        headers = {name.lower(): value for name, value in message.headers.items()}
        self.head: ReplyHead = ReplyHead(status=message.code, headers=headers)
        self.content: aiohttp.StreamReader = content
        self.protocol: ConnectionProtocol = protocol
        self._idle = idle

    async def pass_on(self, take: Callable[[bytes], bool]) -> None:
        """Give what comes of the body to `take`, as it is received, for as long as that returns true.

        Waking a task for each piece would take longer than most pieces do. It also returns at the end of the body and
        when that breaks off, which the next read tells.

        Raises what `take` raises. Cancelling takes nothing.
        """
        content, protocol = self.content, self.protocol
        if content.at_eof():  # one that never had anything in it is of another class
            return
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        pieces = content._buffer

        def hear() -> None:
            if over.done():
                return
            goes_on = True
            try:
                while goes_on and pieces:
                    # Mostly it is one, and what puts several together takes longer for that.
                    goes_on = take(content._read_nowait_chunk(-1) if len(pieces) == 1 else content._read_nowait(-1))
            except BaseException as error:  # noqa: BLE001 - it is for the task that waits
                over.set_exception(error)
            else:
                if not goes_on or content._eof or content._exception is not None:
                    over.set_result(None)

        protocol.heard = hear
        try:
            hear()  # what is there already
            await over
        finally:
            if protocol.heard is hear:
                protocol.heard = None

    def unread(self) -> bytes:
        """Return what has come of the body and was not read yet, also before a fault."""
        return b"" if self.content.at_eof() or not self.content._buffer else self.content._read_nowait(-1)

    def release(self) -> None:
        """Let the connection wait for a next request, or close it if more of the reply is to come.

        Of a request that was answered before it had gone out whole, nobody knows what the server makes of the rest.
        """
        protocol = self.protocol
        transport = protocol.transport
        if transport is None or protocol.should_close or transport.get_write_buffer_size():
            protocol.close()
        else:
            self._idle.keep(protocol)

    def abort(self) -> None:
        """Close the connection now, unless the body has come whole; who waits for more of it gets an error.

        The socket is shut down first, so that the provider learns of it even while a forked process holds the same
        descriptor, and whatever TLS would still like to say.
        """
        heard = self.protocol.heard
        if self.content.is_eof():
            self.release()
        else:
            if (transport := self.protocol.transport) is not None:
                _shut_down(transport)
            self.protocol.close()
        if self.content.exception() is None:
            self.content.set_exception(aiohttp.ClientConnectionError("the connection was closed"))
        if heard is not None:
            heard()


def _shut_down(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # uvloop lends no more of a socket than its descriptor.
        with suppress(OSError), socket.socket(fileno=os.dup(sock.fileno())) as same:  # OSError: the peer was quicker
            same.shutdown(socket.SHUT_RDWR)
    with suppress(RuntimeError):  # the loop is closed
        transport.abort()

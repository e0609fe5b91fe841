"""The reply to one request, on the connection it came over."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress

from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage

from aiollm.wire.http import ReplyHead

__all__ = ["Reply", "read_reply"]


class Reply:
    """A reply whose head is there.

    Attributes:
        head: status and headers.
        content: the body, as it comes.
        connection: the connection, until `release` or `close`.
    """

    __slots__ = ("connection", "content", "head")

    def __init__(self, message: RawResponseMessage, content: StreamReader, connection: Connection) -> None:
        headers = {name.lower(): value for name, value in message.headers.items()}
        self.head: ReplyHead = ReplyHead(status=message.code, headers=headers)
        self.content: StreamReader = content
        self.connection: Connection = connection

    def release(self) -> None:
        """Give the connection back to the pool, which closes it if more of the reply is to come.

        Of a request that was answered before it had gone out whole, nobody knows what the server makes of the rest.
        """
        transport = self.connection.transport
        if transport is not None and transport.get_write_buffer_size():
            self.connection.close()
        else:
            self.connection.release()

    def close(self) -> None:
        """Close the connection now.

        The socket is shut down first, so that the provider learns of it even while a forked process holds the same
        descriptor, and whatever TLS would still like to say.
        """
        if (transport := self.connection.transport) is not None:
            _shut_down(transport)
        self.connection.close()


async def read_reply(connection: Connection, protocol: ResponseHandler) -> Reply:
    """Wait for the head of the reply to what was sent; what only announces it (1xx) is passed over.

    Raises:
        aiohttp.ClientError, OSError, aiohttp.http.HttpProcessingError: none came, or it is malformed.
    """
    while True:
        message, content = await protocol.read()
        if not 100 <= message.code < 200 or message.code == 101:
            return Reply(message, content, connection)


def _shut_down(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # uvloop lends no more of a socket than its descriptor.
        with suppress(OSError), socket.socket(fileno=os.dup(sock.fileno())) as same:  # OSError: the peer was quicker
            same.shutdown(socket.SHUT_RDWR)
    with suppress(RuntimeError):  # the loop is closed
        transport.abort()

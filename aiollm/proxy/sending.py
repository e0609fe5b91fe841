"""Responses to requests that are answered, past aiohttp's writer.

That one is for all that a response may become: it looks at each header several times, and sends the head of a stream
by itself, so that the first content costs a second call of the system.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from time import time

from aiollm.integrations import web
from aiollm.integrations.heartbeat import Heartbeat
from aiollm.proxy.request import Request
from aiollm.proxy.response_headers import SERVER

__all__ = ["EventResponse", "WholeResponse"]


class _Sent(web.StreamResponse):
    """A response that writes itself.

    Args:
        headers: what is told beside the server, the date, the framing, and what becomes of the connection.

    Raises:
        ValueError: a header has the end of a line in it.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__()
        lines = [*map(": ".join, headers.items())]
        text = "".join(lines)
        if "\r" in text or "\n" in text:
            raise ValueError("a header of an answer has the end of a line in it")
        self._lines = "\r\n".join(lines)
        self._stays = False

    @property
    def prepared(self) -> bool:
        """Whether it is too late for further headers; there is no place for any."""
        return True

    @property
    def keep_alive(self) -> bool:
        """Whether the connection is for a next request."""
        return self._stays

    def _head(self, request: web.BaseRequest, framing: str) -> bytes:
        major, minor = request.version
        usual = self._stays == ((major, minor) >= (1, 1))
        connection = "" if usual else f"connection: {'keep-alive' if self._stays else 'close'}\r\n"
        return (
            f"HTTP/{major}.{minor} 200 OK\r\n{self._lines}\r\n{framing}{_server_lines(int(time()))}{connection}\r\n"
        ).encode()


class WholeResponse(_Sent):
    """A whole answer, in one write."""

    def __init__(self, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(headers)
        self._content = body

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send all of it, and wait while the client has too much left to read.

        Raises:
            ConnectionError: the client is gone.
        """
        assert isinstance(request, Request)
        self._stays = request.keep_alive
        if not request.guard.write(self._head(request, f"content-length: {len(self._content)}\r\n") + self._content):
            await request.guard.writable()

    async def write_eof(self, data: bytes = b"") -> None:
        """Send nothing more."""


class EventResponse(_Sent):
    """A streamed answer, of which each write is one of the system's; its head goes out with the first.

    Args:
        heartbeat: is told when a part is sent.
    """

    def __init__(self, request: Request, headers: Mapping[str, str], heartbeat: Heartbeat) -> None:
        super().__init__(headers)
        self._guard = request.guard
        self._heartbeat = heartbeat
        self._time = asyncio.get_running_loop().time
        self._is_chunked = request.version >= (1, 1)  # before, the end of a body was that of the connection
        self._stays = self._is_chunked and request.keep_alive
        self._waiting = self._head(request, "transfer-encoding: chunked\r\n" if self._is_chunked else "")
        self._end = b"0\r\n\r\n" if self._is_chunked else b""
        self._ended = False

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send nothing yet."""

    def send(self, frames: bytes, end: bytes = b"") -> bool:
        """Send a part of the body, and return whether there is room for more.

        Args:
            frames: the part. If it is empty there is none: an empty chunk would be the end.
            end: the end of the body, where this is the last part.

        Raises:
            ConnectionError: the client is gone.
        """
        if self._is_chunked and frames:
            frames = b"%x\r\n%b\r\n" % (len(frames), frames)
        if self._waiting:
            frames, self._waiting = self._waiting + frames, b""
        self._heartbeat.last = self._time()
        return self._guard.write(frames + end)

    async def room(self) -> None:
        """Wait until there is room for more.

        Raises:
            ConnectionError: the client is gone.
        """
        await self._guard.writable()

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a part of the body, and wait while the client has too much left to read.

        Raises:
            ConnectionError: the client is gone.
        """
        if not self.send(bytes(data)):
            await self.room()

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        """Send the last part of the body, and its end.

        Raises:
            ConnectionError: the client is gone.
        """
        if self._ended:
            return
        self._ended = True
        if not self.send(bytes(data), self._end):
            await self.room()


@lru_cache(maxsize=1)
def _server_lines(second: int) -> str:
    return f"date: {formatdate(second, usegmt=True)}\r\nserver: {SERVER}\r\n"

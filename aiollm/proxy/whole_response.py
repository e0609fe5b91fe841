"""A whole answer as a response that is one write."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from time import time

from aiohttp import web

from aiollm.proxy.connection import connection_of
from aiollm.proxy.response_headers import SERVER

__all__ = ["WholeResponse"]


class WholeResponse(web.StreamResponse):
    """The response to a request that was answered, past aiohttp's writer: that one is for all that a body may be.

    Args:
        headers: what is told beside the server, the date, the length, and what becomes of the connection.
        body: the body.

    Raises:
        ValueError: a header has the end of a line in it.
    """

    def __init__(self, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__()
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        self._lines = "".join(lines)
        if not self._lines.count("\r") == self._lines.count("\n") == len(lines):
            raise ValueError("a header of an answer has the end of a line in it")
        self._content = body
        self._stays = False

    @property
    def prepared(self) -> bool:
        """Whether it is too late for further headers; there is no place for any."""
        return True

    @property
    def keep_alive(self) -> bool:
        """Whether the connection is for a next request."""
        return self._stays

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send all of it, and wait while the client has too much left to read.

        Raises:
            ConnectionError: the client is gone.
        """
        guard, transport = connection_of(request), request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        self._stays = request.keep_alive
        transport.write(self._head(request).encode() + self._content)
        if guard is not None and guard.paused:
            await guard.writable()

    async def write_eof(self, data: bytes = b"") -> None:
        """Send nothing more."""

    def _head(self, request: web.BaseRequest) -> str:
        major, minor = request.version
        usual = self._stays == ((major, minor) >= (1, 1))
        connection = "" if usual else f"connection: {'keep-alive' if self._stays else 'close'}\r\n"
        return (
            f"HTTP/{major}.{minor} 200 OK\r\n{self._lines}content-length: {len(self._content)}\r\n"
            f"date: {_date(int(time()))}\r\nserver: {SERVER}\r\n{connection}\r\n"
        )


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)

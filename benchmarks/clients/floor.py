"""The floor: aiohttp, ``split`` and ``orjson``, with nothing of a library in between.

It does what no user could do without and no more: dicts instead of types, one HTTP status check, no clocks, no errors.
"""

import socket
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from benchmarks.clients import API_KEY, MESSAGES, MODEL, STREAM_OPTIONS

DONE = b"data: [DONE]"
STREAM_BODY = {"model": MODEL, "messages": MESSAGES, "stream": True, "stream_options": STREAM_OPTIONS}
WHOLE_BODY = {"model": MODEL, "messages": MESSAGES}
HEADERS = {"authorization": f"Bearer {API_KEY}", "content-type": "application/json"}


class FloorStream:
    """The events of one response, parsed."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self._ready: list[bytes] = []
        self._partial = b""

    def __aiter__(self) -> "FloorStream":
        return self

    async def __anext__(self) -> Any:
        try:
            while not self._ready:
                data = await self.response.content.readany()
                if not data:
                    raise StopAsyncIteration
                *complete, self._partial = (self._partial + data).split(b"\n\n")
                complete.reverse()
                self._ready = complete
        except BaseException:
            self.response.close()  # aiohttp leaves an abandoned response open
            raise
        event = self._ready.pop()
        if event == DONE:
            await self.response.content.readany()  # the body's end, or the connection is lost to the pool
            raise StopAsyncIteration
        return orjson.loads(event[6:])

    def __del__(self) -> None:
        self.response.close()


class Client:
    """A session for one base URL."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/chat/completions"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            headers=HEADERS,
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def open(self) -> FloorStream:
        response = await self._session.post(self._url, data=orjson.dumps(STREAM_BODY))
        response.raise_for_status()
        return FloorStream(response)

    @staticmethod
    def text(chunk: Any) -> str | None:
        choices = chunk["choices"]
        return choices[0]["delta"].get("content") if choices else None

    async def close(self, stream: FloorStream) -> None:
        stream.response.close()

    async def whole(self) -> str | None:
        async with self._session.post(self._url, data=orjson.dumps(WHOLE_BODY)) as response:
            response.raise_for_status()
            content: str | None = orjson.loads(await response.read())["choices"][0]["message"]["content"]
            return content

    async def aclose(self) -> None:
        await self._session.close()


class BlockingFloorStream:
    """The events on one socket, parsed; headers of HTTP chunks are skipped rather than read."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._ready: list[bytes] = []
        self._partial = b""

    def __iter__(self) -> "BlockingFloorStream":
        return self

    def __next__(self) -> Any:
        while not self._ready:
            data = self.connection.recv(262_144)
            if not data:
                raise StopIteration
            *complete, self._partial = (self._partial + data).split(b"\n\n")
            complete.reverse()
            self._ready = complete
        event = self._ready.pop()
        start = event.find(b'{"')
        if start < 0:
            raise StopIteration
        return orjson.loads(event[start:])


class BlockingClient:
    """A blocking socket per stream."""

    def __init__(self, base_url: str) -> None:
        url = urlsplit(base_url)
        self._address = (url.hostname, url.port)
        head = f"POST {url.path}/chat/completions HTTP/1.1\r\nhost: {url.netloc}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
        body = orjson.dumps(STREAM_BODY)
        self._request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body

    def open(self) -> BlockingFloorStream:
        connection = socket.create_connection(self._address)
        connection.sendall(self._request)
        return BlockingFloorStream(connection)

    @staticmethod
    def text(chunk: Any) -> str | None:
        return Client.text(chunk)

    def close(self, stream: BlockingFloorStream) -> None:
        stream.connection.close()

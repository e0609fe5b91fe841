"""A client that shows the bytes: what each read gave, and the whole of an answer."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field

from aiollm.testing import ProviderServer

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi there"}], "stream": True}


def request_bytes(
    body: dict[str, Any] | None = None, *, path: str = "/v1/chat/completions", head: str = "", version: str = "1.1"
) -> bytes:
    """A POST request; `head` holds further header lines, each ended by CR LF."""
    data = json.dumps(CHAT if body is None else body).encode()
    first = f"POST {path} HTTP/{version}\r\nHost: test\r\nContent-Length: {len(data)}\r\n{head}\r\n"
    return first.encode() + data


@define
class RawAnswer:
    """An answer read to the end of the connection. `reads` are what each read of the socket gave."""

    reads: list[bytes]
    failure: Exception | None = None

    @property
    def data(self) -> bytes:
        return b"".join(self.reads)

    @property
    def head(self) -> str:
        return self.data.partition(b"\r\n\r\n")[0].decode("latin-1")

    @property
    def status_line(self) -> str:
        return self.head.split("\r\n")[0]

    @property
    def fields(self) -> dict[str, str]:
        pairs = (line.split(": ", 1) for line in self.head.split("\r\n")[1:])
        return {name.lower(): value for name, value in pairs}

    @property
    def payload(self) -> bytes:
        """What follows the head, with its framing."""
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def chunks(self) -> list[bytes]:
        """The pieces of a chunked body; the last one is empty when the body ended cleanly."""
        rest, chunks = self.payload, []
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            chunks.append(rest[:length])
            rest = rest[length + 2 :] if length else b""
        return chunks

    @property
    def ended_cleanly(self) -> bool:
        return self.payload.endswith(b"0\r\n\r\n") and self.failure is None

    @property
    def body(self) -> bytes:
        data = b"".join(self.chunks) if "transfer-encoding" in self.fields else self.payload
        return gzip.decompress(data) if self.fields.get("content-encoding") == "gzip" else data

    @property
    def events(self) -> list[Any]:
        """The data of each event, parsed where it is JSON."""
        blocks = [block for block in self.body.decode().split("\n\n") if block.startswith("data: ")]
        data = [block.removeprefix("data: ") for block in blocks]
        return [json.loads(text) if text.startswith("{") else text for text in data]

    @property
    def deltas(self) -> list[dict[str, Any]]:
        """The first choice's delta of each chunk that has choices."""
        chunks = [event for event in self.events if isinstance(event, dict)]
        return [chunk["choices"][0]["delta"] for chunk in chunks if chunk.get("choices")]


@define
class RawConnection(asyncio.Protocol):
    """An open connection: `reads` grows as bytes come, `closed` is set when it ends."""

    reads: list[bytes] = field(factory=list)
    failure: Exception | None = None
    closed: asyncio.Event = field(factory=asyncio.Event)
    read_something: asyncio.Event = field(factory=asyncio.Event)
    transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.reads.append(data)
        self.read_something.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.failure = exc
        self.closed.set()

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    async def until(self, part: bytes) -> bytes:
        """Wait until the bytes read hold this part, and return them all."""
        async with asyncio.timeout(5):
            while part not in b"".join(self.reads):
                self.read_something.clear()
                await self.read_something.wait()
        return b"".join(self.reads)

    async def answer(self) -> RawAnswer:
        """Everything up to the end of the connection."""
        async with asyncio.timeout(10):
            await self.closed.wait()
        return RawAnswer(self.reads, self.failure)


@asynccontextmanager
async def connected(server: ProviderServer) -> AsyncIterator[RawConnection]:
    _, connection = await asyncio.get_running_loop().create_connection(RawConnection, "127.0.0.1", server.port)
    try:
        yield connection
    finally:
        connection.transport.abort()
        await connection.closed.wait()


async def ask(server: ProviderServer, data: bytes | None = None) -> RawAnswer:
    """Send a request on a connection of its own and read to the end; by default one that says `Connection: close`."""
    async with connected(server) as connection:
        connection.send(request_bytes(head="Connection: close\r\n") if data is None else data)
        return await connection.answer()


async def answer_to(*steps: Any, body: dict[str, Any] | None = None) -> RawAnswer:
    """What a client reads from a server with this script."""
    async with ProviderServer() as server:
        server.script(list(steps))
        return await ask(server, request_bytes(body, head="Connection: close\r\n"))

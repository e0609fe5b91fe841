"""A provider that closes its idle connections in a hurry: at random, just as the next request may be on its way."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from contextlib import suppress

ANSWER = json.dumps(
    {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
    }
).encode()
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER


class HastyProvider:
    """Answers every request that it reads, unless it is told to hang up in the head of some replies.

    Args:
        patience: an idle connection is closed after a random time up to this, in seconds.
        cut: how many of the replies on a used connection, from 0 to 1, break off in their head.

    Attributes:
        asked, answered: how often each request came, and was answered in full, by its `user`.
        closed: how many connections it closed while they were idle.
    """

    def __init__(self, *, patience: float = 0.004, cut: float = 0.0) -> None:
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.closed = 0
        self._patience = patience
        self._cut = cut
        self._random = random.Random(5)
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> HastyProvider:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        try:
            await self._converse(reader, writer)
        finally:
            self._connections.discard(connection)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await self._answer(writer, await self._request(reader))
            while True:
                request = asyncio.ensure_future(self._request(reader))
                request.add_done_callback(lambda done: done.cancelled() or done.exception())
                try:
                    await asyncio.wait({request}, timeout=self._random.uniform(0, self._patience))
                finally:
                    waiting = request.cancel()
                if waiting:
                    self.closed += 1
                    break
                user = request.result()
                if self._random.random() < self._cut:
                    writer.write(REPLY[: self._random.randint(1, 60)])
                    break
                await self._answer(writer, user)

    async def _request(self, reader: asyncio.StreamReader) -> str:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        user: str = json.loads(await reader.readexactly(length))["user"]
        self.asked[user] += 1
        return user

    async def _answer(self, writer: asyncio.StreamWriter, user: str) -> None:
        self.answered[user] += 1
        writer.write(REPLY)
        await writer.drain()

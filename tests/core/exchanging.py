"""One HTTP exchange, as the tests of the core make it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiollm.core.call_scope import CallScope
from aiollm.core.runtime import Runtime
from aiollm.core.transport import Exchange
from aiollm.testing import ProviderServer
from aiollm.types.timeouts import Timeouts

BODY = b'{"model": "m", "stream": true, "messages": []}'
HEADERS = {"Content-Type": "application/json"}


def exchange(timeouts: Timeouts | None = None, *, scope: CallScope | None = None) -> Exchange:
    """An exchange on the running loop's pool."""
    return Exchange(Runtime.current().pool, scope or call_scope(timeouts))


def call_scope(timeouts: Timeouts | None = None) -> CallScope:
    """The scope of a call on the running loop."""
    return CallScope(asyncio.get_running_loop(), timeouts or Timeouts())


async def sent(server: ProviderServer, timeouts: Timeouts | None = None) -> Exchange:
    """An exchange whose head has come."""
    new = exchange(timeouts)
    await new.send(f"{server.base_url}/chat/completions", HEADERS, BODY)
    return new


async def rest(reply: Exchange, pieces: list[bytes] | None = None) -> bytes:
    """The rest of a body; its pieces also go into the list, as they come."""
    pieces = [] if pieces is None else pieces
    while data := await reply.read():
        pieces.append(data)
    return b"".join(pieces)


@asynccontextmanager
async def free_port() -> AsyncIterator[int]:
    """A port on which nothing listens."""
    listener = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    yield port

"""How soon a provider sees that its client left."""

from __future__ import annotations

import asyncio

from aiollm import ChunkStream, ModelResponseStream
from aiollm.testing import LoggedRequest, ProviderServer, role, stall, tokens
from tests.engine.calling import collected, pool_facts

ENDLESS = [role(), tokens("one two three"), stall(heartbeat=0.5)]
CLOSE_SECONDS = 0.05  # how soon the provider must see the end; the machine of the test may be busy, so it gets more
PATIENCE = 10


def now() -> float:
    """The running loop's time, which the server's log is written in."""
    return asyncio.get_running_loop().time()


async def waiting_reader(stream: ChunkStream) -> tuple[list[ModelResponseStream], asyncio.Task[tuple[list, object]]]:
    """What ENDLESS gives, and a task that waits for more."""
    chunks = [await anext(stream) for _ in range(4)]
    reader = asyncio.create_task(collected(stream))
    await asyncio.sleep(0)  # it starts, and finds nothing to read
    return chunks, reader


async def assert_closed_soon(server: ProviderServer, since: float, index: int = 0) -> None:
    """The provider saw the client leave, at once, and the pool holds the connection no more."""
    assert_left_soon(await server.wait_for_disconnect(index), since)
    assert pool_facts()["active"] == 0


def assert_left_soon(request: LoggedRequest, since: float, seconds: float = CLOSE_SECONDS) -> None:
    """It was the client that left, at once."""
    assert request.disconnected_by == "client"
    assert request.disconnected_at is not None
    assert request.disconnected_at - since <= seconds * PATIENCE

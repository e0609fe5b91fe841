"""Context variables: what a caller has set is seen by whoever is called back, also from another task or thread."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

import aiollm
from aiollm.engine.outcome import Outcome
from aiollm.engine.stream import ChunkStream
from aiollm.testing import ProviderServer, cut, finish, role, stall, tokens
from tests.engine.calling import collected, opened

name: ContextVar[str] = ContextVar("name", default="nobody")


def listen(stream: ChunkStream) -> list[tuple[str, str]]:
    """Have the end of the stream noted, with who is seen then."""
    seen: list[tuple[str, str]] = []

    def note(outcome: Outcome) -> None:
        seen.append((outcome.ended, name.get()))

    stream.on_close(note)
    return seen


@pytest.mark.parametrize(
    ("ending", "ended"), [(finish(), "complete"), (cut(), "failed"), (stall(), "failed")], ids=["end", "cut", "clock"]
)
async def test_a_listener_sees_what_the_caller_has_set(ending: object, ended: str) -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), stall(0.05), ending])
        name.set("caller")
        stream = await opened(server, timeout=aiollm.Timeouts(idle=0.3))
        seen = listen(stream)
        name.set("somebody else")
        await asyncio.create_task(collected(stream))
        assert seen == [(ended, "caller")]


async def test_a_listener_sees_it_also_when_another_task_closes() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), stall()])

        async def close(stream: ChunkStream) -> None:
            name.set("closer")
            await stream.aclose()

        name.set("caller")
        stream = await opened(server)
        seen = listen(stream)
        await asyncio.create_task(close(stream))
        assert seen == [("closed", "caller")]


async def test_a_listener_sees_it_also_when_another_thread_closes() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), stall()])

        def close(stream: ChunkStream) -> None:
            name.set("closer")
            asyncio.run(stream.aclose())

        name.set("caller")
        stream = await opened(server)
        seen = listen(stream)
        thread = threading.Thread(target=close, args=(stream,))
        thread.start()
        await server.wait_for_disconnect(0)
        thread.join()
        assert seen == [("closed", "caller")]


async def test_what_a_listener_sets_stays_with_it() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), finish()])
        name.set("caller")
        stream = await opened(server)
        stream.on_close(lambda outcome: name.set("listener") and None)
        await collected(stream)
        assert name.get() == "caller"

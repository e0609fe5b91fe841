"""Streams that nobody is reading when they are ended from outside: all that they hold is free at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import aiollm
from aiollm import Outcome
from aiollm.testing import ProviderServer, cut, done, role, stall, tokens
from tests.engine.calling import arguments, collected, pool_facts, text_of

PATIENCE = 5.0  # seconds
HELD = [role(), tokens("as far"), stall()]

ways = pytest.mark.parametrize("way", ["scope", "total"])
clients = pytest.mark.parametrize(
    ("options", "call"),
    [
        ({}, {}),
        ({"mid_stream": "restart"}, {}),
        ({"single_flight": True}, {}),
        ({"single_flight": True, "mid_stream": "continue"}, {}),
    ],
    ids=["plain", "restart", "single flight", "both"],
)


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        running.script(HELD)
        yield running
        await running.wait_for(lambda: pool_facts()["active"] == 0)


class Unread:
    """A stream of which one chunk was read, under limits, and what was heard of its end."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.limiter = aiollm.Limiter(rpm=100, concurrency=1)
        self.client = aiollm.Client(limiter=self.limiter, **options)
        self.ended = asyncio.Event()
        self.outcomes: list[Outcome] = []
        self.chunks: list[aiollm.ModelResponseStream] = []

    async def open(self, server: ProviderServer, **call: Any) -> None:
        self.stream = await self.client.acompletion(**arguments(server, stream=True, **call))
        self.stream.on_close(self._note)
        self.chunks.append(await anext(self.stream))

    def _note(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.ended.set()

    async def end(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.ended.wait()


@ways
@clients
async def test_its_end_is_told_without_a_reader(
    way: str, options: dict[str, Any], call: dict[str, Any], server: ProviderServer
) -> None:
    unread = Unread(options)
    timeout = aiollm.Timeouts(total=0.2 if way == "total" else None)
    with aiollm.scope() as scope:
        await unread.open(server, timeout=timeout, **call)
    if way == "scope":
        scope.cancel("stop")
    await unread.end()
    assert [outcome.ended for outcome in unread.outcomes] == ["failed" if way == "total" else "closed"]
    assert unread.limiter.stats().in_flight == 0
    assert unread.stream.closed
    await server.wait_for(lambda: pool_facts()["active"] == 0)


@ways
@clients
async def test_its_reader_gets_what_had_come_and_then_the_reason_once(
    way: str, options: dict[str, Any], call: dict[str, Any], server: ProviderServer
) -> None:
    server.script([role(), tokens("as far as it goes"), stall()])
    unread = Unread(options)
    timeout = aiollm.Timeouts(total=0.2 if way == "total" else None)
    with aiollm.scope() as scope:
        await unread.open(server, timeout=timeout, **call)
    await asyncio.sleep(0.02)  # the rest is on its way
    unread.chunks += [await anext(unread.stream)]
    if way == "scope":
        scope.cancel("stop")
    await unread.end()
    rest, error = await collected(unread.stream)
    assert isinstance(error, aiollm.TotalTimeout if way == "total" else aiollm.StreamCancelled)
    assert error.partial.choices[0].message.content == text_of(unread.chunks + rest)
    assert await collected(unread.stream) == ([], None)


async def test_an_answer_that_had_come_whole_ends_whole(server: ProviderServer) -> None:
    server.script([role(), tokens("it is all here"), done()])
    unread = Unread({})
    with aiollm.scope() as scope:
        await unread.open(server)
    await server.wait_for(lambda: server.log[-1].finished_at is not None)
    await asyncio.sleep(0.02)
    unread.chunks.append(await anext(unread.stream))
    scope.cancel("stop")
    rest, error = await collected(unread.stream)
    assert (text_of(unread.chunks + rest), error) == ("it is all here", None)


async def test_the_second_part_of_an_answer_counts_as_the_first_does(server: ProviderServer) -> None:
    server.enqueue([role(), tokens("as far"), cut()], HELD)
    unread = Unread({"mid_stream": "restart"})
    with aiollm.scope() as scope:
        await unread.open(server)
    while unread.chunks[-1].recovery is None:
        unread.chunks.append(await anext(unread.stream))
    scope.cancel("stop")
    await unread.end()
    assert unread.limiter.stats().in_flight == 0
    _, error = await collected(unread.stream)
    assert isinstance(error, aiollm.StreamCancelled)


def test_the_end_of_its_loop_frees_what_it_holds() -> None:
    async def left() -> Unread:
        async with ProviderServer() as server:
            server.script(HELD)
            unread = Unread({})
            await unread.open(server)
        return unread

    unread = asyncio.run(left())
    assert [outcome.ended for outcome in unread.outcomes] == ["closed"]
    assert unread.limiter.stats().in_flight == 0
    assert unread.stream.closed

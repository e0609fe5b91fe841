"""Answers that nobody sees before their end: read in few pieces, and with the same endings."""

from __future__ import annotations

import asyncio

import pytest

from aiollm import Outcome, StreamInterrupted, Timeouts, TotalTimeout
from aiollm.engine import wire_source
from aiollm.testing import ProviderServer, cut, done, finish, role, rst, stall, tokens, usage
from tests.engine.calling import opened, pool_facts
from tests.engine.closing import assert_closed_soon, now

SLOWLY = tokens(list("abcdefghij" * 2), gap=0.01)


@pytest.fixture(autouse=True)
def _pauses_that_the_end_alone_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_source, "PAUSE_SECONDS", 600.0)


async def test_an_answer_that_is_read_out_is_whole_and_read_in_few_pieces() -> None:
    outcomes: list[Outcome] = []
    async with ProviderServer() as server:
        server.script([role(), SLOWLY, finish("stop"), usage(), done()])
        stream = await opened(server)
        stream.on_close(outcomes.append)
        await stream.read_out()
        assert outcomes[0].ended == "complete"
        assert outcomes[0].response.choices[0].message.content == "abcdefghij" * 2
        assert outcomes[0].usage is not None
        assert outcomes[0].chunks == stream.chunks >= 22
        assert len(stream._source.arrivals.times) <= 4  # the first token, perhaps more with it, and all the rest
        assert pool_facts()["idle"] == 1


async def test_a_pause_ends_when_no_more_is_held() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens(["x" * 60_000] * 40), finish("stop"), done()])
        stream = await opened(server)
        await stream.read_out()
        assert len((await stream.final()).choices[0].message.content or "") == 2_400_000


@pytest.mark.parametrize("ending", [cut(), rst()], ids=["cut", "reset"])
async def test_one_that_breaks_off_raises_with_what_came_in_the_pause(ending: object) -> None:
    async with ProviderServer() as server:
        server.script([role(), SLOWLY, stall(0.05), ending])
        with pytest.raises(StreamInterrupted) as caught:
            await (await opened(server)).read_out()
        assert caught.value.partial.choices[0].message.content == "abcdefghij" * 2


async def test_a_clock_ends_the_pause() -> None:
    async with ProviderServer() as server:
        server.script([role(), SLOWLY, stall()])
        with pytest.raises(TotalTimeout):
            await (await opened(server, timeout=Timeouts(total=0.5))).read_out()
        assert pool_facts()["active"] == 0


async def test_cancelling_in_the_pause_closes_the_connection() -> None:
    outcomes: list[Outcome] = []
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), stall(heartbeat=0.5)])
        stream = await opened(server)
        stream.on_close(outcomes.append)
        reader = asyncio.create_task(stream.read_out())
        await asyncio.sleep(0.05)
        reader.cancel()
        since = now()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await assert_closed_soon(server, since)
        assert outcomes[0].ended == "closed"

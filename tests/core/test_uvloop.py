from __future__ import annotations

import asyncio

import pytest

import aiollm
from aiollm.testing import ProviderServer, finish, role, stall, tokens
from tests.engine.calling import answered, collected, opened, pool_facts, text_of

uvloop = pytest.importorskip("uvloop")


async def calls() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), stall()])
        stream = await opened(server)
        async for _ in stream:
            break
        request = await server.wait_for_disconnect(0)
        assert request.disconnected_by == "client"
        _, error = await collected(await opened(server, timeout=0.1))
        assert isinstance(error, aiollm.IdleTimeout)
        server.script([role(), tokens("a b", gap=0.01), finish()])
        assert text_of((await collected(await opened(server)))[0]) == "a b"
        server.reply("whole")
        for _ in range(3):
            assert (await answered(server)).choices[0].message.content == "whole"
        assert pool_facts()["active"] == 0


def test_streams_live_and_end_on_uvloop_as_on_asyncios_own_loop() -> None:
    for _ in range(2):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(calls())

"""anyio's cancel scopes, which cancel again at every await, and trio, which is no asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import aiollm
from aiollm.testing import ProviderServer, json200, role, silence, stall, tokens
from tests.engine.calling import answered, arguments, collected, opened, pool_facts

anyio = pytest.importorskip("anyio")

Work = Callable[[ProviderServer], Coroutine[Any, Any, Any]]


async def read(server: ProviderServer) -> None:
    async for _ in await opened(server):
        pass


async def read_inside_with(server: ProviderServer) -> None:
    async with await opened(server) as stream:
        try:
            async for _ in stream:
                pass
        finally:
            await stream.aclose()


IN_MID_STREAM = [role(), tokens("a b"), stall()]
SITUATIONS: dict[str, tuple[Work, object]] = {
    "waiting for a whole answer": (answered, silence()),
    "waiting for the first content": (opened, silence()),
    "reading": (read, IN_MID_STREAM),
    "reading inside with": (read_inside_with, IN_MID_STREAM),
}


async def expire_in_mid_request(server: ProviderServer, scope: Any) -> None:
    await server.wait_for_request()
    scope.deadline = anyio.current_time() + 0.05


async def work_in_time(server: ProviderServer, work: Work) -> None:
    with anyio.fail_after(30) as scope:
        expiry = asyncio.create_task(expire_in_mid_request(server, scope))
        try:
            await work(server)
        finally:
            expiry.cancel()


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("how", ["move_on_after", "fail_after", "cancel from a task group"])
async def test_a_cancelled_scope_closes_the_connection_and_leaves_nothing(situation: str, how: str) -> None:
    work, steps = SITUATIONS[situation]
    async with ProviderServer() as server:
        server.enqueue(steps)
        server.script(json200())
        if how == "move_on_after":
            with anyio.move_on_after(30) as scope:
                expiry = asyncio.create_task(expire_in_mid_request(server, scope))
                await work(server)
            assert scope.cancelled_caught
            await expiry
        elif how == "fail_after":
            with pytest.raises(TimeoutError):
                await work_in_time(server, work)
        else:
            async with anyio.create_task_group() as group:
                group.start_soon(work, server)
                await server.wait_for_request()
                group.cancel_scope.cancel()
        request = await server.wait_for_disconnect(0)
        assert request.disconnected_by == "client"
        assert pool_facts()["active"] == 0
        assert asyncio.current_task().cancelling() == 0
        await answered(server)


async def test_a_shielded_scope_lets_a_stream_end_though_the_one_around_it_is_cancelled() -> None:
    async with ProviderServer() as server:
        server.reply("a b")
        with anyio.CancelScope() as outer:
            outer.cancel()
            with anyio.CancelScope(shield=True):
                _, error = await collected(await opened(server))
            assert error is None
        assert pool_facts()["active"] == 0


def test_anyios_own_way_to_run_is_one() -> None:
    async def main() -> None:
        async with ProviderServer() as server:
            await read(server)

    anyio.run(main)


def test_trio_is_refused_with_what_to_do() -> None:
    trio = pytest.importorskip("trio")

    async def call(server: ProviderServer, stream: bool) -> None:
        with pytest.raises(aiollm.UnsupportedRuntime, match="trio-asyncio"):
            await aiollm.acompletion(**arguments(server, stream=stream))

    async def main(server: ProviderServer) -> None:
        with trio.fail_after(20):
            for stream in (True, False):
                await call(server, stream)
            # The blocking call has a thread and a loop of its own.
            assert aiollm.completion(**arguments(server)).choices[0].message.content

    with ProviderServer() as server:
        trio.run(main, server)
        assert len(server.log) == 1

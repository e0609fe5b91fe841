from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

import aiollm
from aiollm.testing import (
    ProviderServer,
    done,
    finish,
    headers,
    json200,
    linger_after_done,
    role,
    stall,
    status,
    tokens,
)
from tests.cancel.stepping import cancelled_at
from tests.engine.calling import answered, collected, opened, pool_facts

MOST_STEPS = 60


async def stream(server: ProviderServer) -> None:
    await collected(await opened(server))


async def stream_inside_with(server: ProviderServer) -> None:
    async with await opened(server) as chunks:
        async for _ in chunks:
            await asyncio.sleep(0)


async def failing_stream(server: ProviderServer) -> None:
    with suppress(aiollm.InternalServerError):
        await opened(server)


async def whole(server: ProviderServer) -> None:
    await answered(server)


GAP = stall(0.004)
CHUNKS = [headers(), GAP, role(), GAP, tokens("a b c", gap=0.004), GAP, finish(), GAP, done()]

SITUATIONS: dict[str, tuple[Callable[[ProviderServer], Coroutine[Any, Any, None]], Any]] = {
    "stream": (stream, CHUNKS),
    "stream inside with": (stream_inside_with, CHUNKS),
    "stream that lingers": (stream, [role(), tokens("a b"), finish(), linger_after_done(0.02)]),
    "stream that fails": (failing_stream, [GAP, status(500)]),
    "whole answer": (whole, [GAP, json200()]),
    "whole answer in pieces": (
        whole,
        [headers(content_type="application/json"), GAP, *[step for _ in range(3) for step in (tokens("a"), GAP)]],
    ),
}


@pytest.mark.parametrize("warm", [False, True], ids=["new connection", "used connection"])
@pytest.mark.parametrize("name", SITUATIONS)
async def test_a_call_cancelled_at_any_step_leaves_nothing(name: str, warm: bool) -> None:
    work, steps = SITUATIONS[name]
    async with ProviderServer() as server:
        reached = 0
        for step in range(1, MOST_STEPS):
            if warm:
                server.enqueue(json200())
                await answered(server)
            before = asyncio.all_tasks()
            seen = len(server.log)
            server.script(steps)
            try:
                came_so_far = await cancelled_at(step, work(server))
            except aiollm.APIResponseValidationError:  # the answer in pieces is none
                came_so_far = False
            assert pool_facts()["active"] == 0
            if not came_so_far:
                break
            reached = step
            for index in range(seen, len(server.log)):
                request = server.log[index]
                await server.wait_for(lambda request=request: _over(server, request))
            await asyncio.sleep(0)
            left = {task for task in asyncio.all_tasks() - before if "aiohttp" in repr(task.get_coro())}
            if left:
                await asyncio.wait(left, timeout=1)
            assert not [task for task in left if not task.done()]
        assert 1 <= reached < MOST_STEPS - 1


def _over(server: ProviderServer, request: Any) -> bool:
    """The provider saw the end, or had answered."""
    return request.disconnected_by == "client" or request.finished_at is not None


async def test_a_storm_of_cancellations_leaves_nothing() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), stall()])
        readers = [asyncio.create_task(stream(server)) for _ in range(200)]
        await server.wait_for(lambda: len(server.log) == 200, timeout=20)
        start = asyncio.get_running_loop().time()
        for reader in readers:
            reader.cancel()
        results = await asyncio.gather(*readers, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        assert pool_facts()["active"] == 0
        await server.wait_for(lambda: server.open_connections == 0, timeout=10)
        assert asyncio.get_running_loop().time() - start < 5


async def test_a_timeout_around_a_call_is_the_callers() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), stall()])
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.1):
                await stream(server)
        assert type(caught.value) is TimeoutError
        request = await server.wait_for_disconnect()
        assert request.disconnected_by == "client"


async def test_a_failing_sibling_in_a_task_group_closes_the_stream() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a"), stall()])

        async def fail() -> None:
            await server.wait_for(lambda: bool(server.log))
            raise LookupError

        async def both() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(stream(server))
                group.create_task(fail())

        with pytest.raises(ExceptionGroup) as caught:
            await both()
        assert [type(error) for error in caught.value.exceptions] == [LookupError]
        await server.wait_for_disconnect()
        assert pool_facts()["active"] == 0

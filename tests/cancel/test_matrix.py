"""Every way to cancel, at every moment of a call. Whatever the cell, nothing is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import aiollm
from aiollm.core.call_scope import CallScope
from aiollm.testing import ProviderServer
from aiollm.types.timeouts import Timeouts
from tests.cancel.moments import LIMIT, MOMENTS, OPENED, HeldCall, Moment, by_name
from tests.engine.calling import opened, pool_facts
from tests.engine.closing import CLOSE_SECONDS, PATIENCE, now


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    """Return the provider; when the test is over, no connection and no descriptor of it is left."""
    async with ProviderServer() as running:
        yield running
        assert pool_facts()["active"] == 0
        await running.wait_for(lambda: running.open_connections == pool_facts()["idle"])


async def assert_left(server: ProviderServer, since: float) -> None:
    """The provider saw the client leave, promptly."""
    await server.wait_for(lambda: server.open_connections == 0)
    assert now() - since <= CLOSE_SECONDS * PATIENCE
    assert all(request.disconnected_by == "client" for request in server.log)
    assert pool_facts() | {"active": 0, "idle": 0} == pool_facts()


@by_name(MOMENTS)
async def test_the_task_is_cancelled(moment: Moment, server: ProviderServer) -> None:
    call = HeldCall(server, moment)
    await call.held()
    since = now()
    call.task.cancel()
    assert isinstance(await call.end(), asyncio.CancelledError)
    await assert_left(server, since)


@by_name(MOMENTS)
async def test_the_scope_is_cancelled(moment: Moment, server: ProviderServer) -> None:
    with aiollm.scope() as scope:
        call = HeldCall(server, moment)
    await call.held()
    since = now()
    scope.cancel("stop")
    end = await call.end()
    assert isinstance(end, aiollm.StreamCancelled)
    assert (end.partial is not None) == moment.opened
    await assert_left(server, since)


@by_name(MOMENTS)
async def test_a_clock_runs_out(moment: Moment, server: ProviderServer) -> None:
    call = HeldCall(server, moment, timeout=Timeouts(**{moment.clock: LIMIT}))
    end = await call.end()
    since = now()
    if moment.name == "at the end":  # the finish reason has come, so the answer is whole
        assert end is None
    else:
        assert isinstance(end, aiollm.Timeout)
        assert (end.partial is not None) == moment.opened
    await assert_left(server, since)


@by_name(MOMENTS)
async def test_the_time_of_a_scope_is_over(moment: Moment, server: ProviderServer) -> None:
    with aiollm.move_on(total=LIMIT) as scope:
        call = HeldCall(server, moment)
        end = await call.end()
        since = now()
        if end is not None:
            raise end
    assert scope.cancelled_caught == (moment.name != "at the end")
    await assert_left(server, since)


@by_name(OPENED)
async def test_another_task_closes_the_stream(moment: Moment, server: ProviderServer) -> None:
    call = HeldCall(server, moment)
    await call.held()
    assert call.stream is not None
    since = now()
    await call.stream.aclose()
    assert isinstance(await call.end(), aiollm.StreamCancelled)
    await assert_left(server, since)


@by_name(OPENED)
async def test_the_loop_is_left(moment: Moment, server: ProviderServer) -> None:
    server.script(moment.script)
    stream = await opened(server)
    async for chunk in stream:
        if chunk.choices[0].finish_reason or (moment.name != "at the end" and chunk.choices[0].delta.content == " far"):
            break
    since = now()
    await assert_left(server, since)
    assert stream.closed


@by_name(OPENED)
async def test_the_stream_is_dropped(moment: Moment, server: ProviderServer) -> None:
    server.script(moment.script)
    stream = await opened(server)
    await anext(stream)
    since = now()
    with pytest.warns(ResourceWarning, match="dropped before its end"):
        del stream
    await assert_left(server, since)


async def call_behind(limiter: aiollm.Limiter) -> None:
    async with limiter.reserve():
        pass


@pytest.mark.parametrize("how", ["task", "scope", "clock"])
async def test_waiting_for_a_permit_gives_it_back(how: str) -> None:
    limiter = aiollm.Limiter(concurrency=1)
    held = await limiter.reserve()
    with aiollm.scope(total=0.1 if how == "clock" else None) as scope:
        call = CallScope(asyncio.get_running_loop(), Timeouts())
    waiting = asyncio.create_task(call.wait(limiter.reserve(), "a permit"))
    behind = asyncio.create_task(call_behind(limiter))
    await asyncio.sleep(0)
    if how == "task":
        waiting.cancel()
    elif how == "scope":
        scope.cancel()
    await asyncio.wait({waiting})
    expected = {"task": asyncio.CancelledError, "scope": aiollm.StreamCancelled, "clock": aiollm.TotalTimeout}[how]
    with pytest.raises(expected):
        waiting.result()
    held.release()
    await asyncio.wait_for(behind, 5)  # the next in the queue has its turn
    assert (limiter.stats().waiting, limiter.stats().in_flight) == (0, 0)

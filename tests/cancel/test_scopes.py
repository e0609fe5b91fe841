"""Scopes over real sockets: what they promise, point by point, beside what else cancels."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio
import anyio.lowlevel
import pytest

import aiollm
from aiollm.testing import ProviderServer, comment, done, finish, role, silence, stall, status, tokens
from tests.engine.calling import answered, arguments, collected, opened, pool_facts, text_of

HANGING = [role(), tokens("as far"), stall()]
PROMPTLY = 0.05  # seconds


@pytest.fixture
async def server() -> Any:
    async with ProviderServer() as running:
        running.script(HANGING)
        yield running
        await running.wait_for(lambda: pool_facts()["active"] == 0)


async def read(server: ProviderServer, **options: Any) -> str:
    chunks, error = await collected(await opened(server, **options))
    if error is not None:
        raise error
    return text_of(chunks)


async def left_at(server: ProviderServer, index: int = 0) -> float:
    request = await server.wait_for_disconnect(index)
    assert request.disconnected_by == "client"
    assert request.disconnected_at is not None
    return request.disconnected_at


# -- limits


@pytest.mark.parametrize(
    ("limits", "script", "error"),
    [
        ({"first_token": 0.1}, [comment(), stall()], aiollm.FirstTokenTimeout),
        ({"first_token": 0.1}, silence(), aiollm.FirstTokenTimeout),
        ({"idle": 0.1}, [role(), tokens("as far"), stall(60, heartbeat=0.02)], aiollm.IdleTimeout),
        ({"total": 0.1}, silence(), aiollm.TotalTimeout),
        ({"total": 0.1}, [role(), tokens("as far " * 100, gap=0.01)], aiollm.TotalTimeout),
    ],
)
async def test_a_limit_ends_a_stream_with_its_error(
    limits: dict[str, float], script: Any, error: type[aiollm.Timeout], server: ProviderServer
) -> None:
    server.script(script)
    with pytest.raises(error, match="of the scope around the call"):
        async with aiollm.scope(**limits):
            await read(server)
    await left_at(server)


async def test_a_call_deep_inside_is_covered(server: ProviderServer) -> None:
    async def application() -> str:
        return await asyncio.create_task(read(server))

    with pytest.raises(aiollm.IdleTimeout) as raised, aiollm.scope(idle=0.1):
        await application()
    assert raised.value.partial.choices[0].message.content == "as far"


async def test_several_calls_share_one_total(server: ProviderServer) -> None:
    server.script([role(), tokens("word " * 4, gap=0.02), finish(), done()])

    async def read_on() -> None:
        while True:
            await read(server)

    with pytest.raises(aiollm.TotalTimeout), aiollm.scope(total=0.3):
        await read_on()
    assert len(server.log) > 1


async def test_nothing_is_sent_once_the_time_is_over(server: ProviderServer) -> None:
    with aiollm.scope(total=0.01):
        await asyncio.sleep(0.02)
        with pytest.raises(aiollm.TotalTimeout):
            await answered(server)
        with pytest.raises(aiollm.TotalTimeout):
            await answered(server, mock_response="made up")
    assert server.log == []


async def test_a_whole_answer_is_covered_too(server: ProviderServer) -> None:
    server.script(silence())
    with pytest.raises(aiollm.TotalTimeout), aiollm.scope(total=0.5):
        await answered(server)  # the provider must have seen it by then
    await left_at(server)


async def test_a_stream_stays_bound_after_the_block(server: ProviderServer) -> None:
    with aiollm.scope(total=0.2) as scope:
        stream = await opened(server)
    chunks, error = await collected(stream)
    assert isinstance(error, aiollm.TotalTimeout)
    assert text_of(chunks) == "as far"
    assert "0 open" in repr(scope)


# -- cancel


async def test_cancel_closes_all_streams_promptly(server: ProviderServer) -> None:
    with aiollm.scope() as scope:
        readers = [asyncio.create_task(read(server)) for _ in range(5)]
        await server.wait_for(lambda: len(server.log) == 5)
        await asyncio.sleep(0.05)
        cancelled = time.monotonic()
        scope.cancel("the user pressed stop")
        results = await asyncio.gather(*readers, return_exceptions=True)
    assert {str(result) for result in results} == {"the user pressed stop"}
    assert {type(result) for result in results} == {aiollm.StreamCancelled}
    assert max([await left_at(server, index) for index in range(5)]) - cancelled < PROMPTLY


async def test_the_error_of_a_cancelled_stream_has_the_answer_so_far(server: ProviderServer) -> None:
    with aiollm.scope() as scope:
        stream = await opened(server)
        asyncio.get_running_loop().call_later(0.05, scope.cancel)
        _, error = await collected(stream)
    assert isinstance(error, aiollm.StreamCancelled)
    assert error.partial.choices[0].message.content == "as far"
    assert stream.closed


@pytest.mark.parametrize("script", [silence(), [comment(), stall()]])
async def test_a_call_is_cancelled_before_its_first_content(script: Any, server: ProviderServer) -> None:
    server.script(script)
    with aiollm.scope() as scope:
        opening = asyncio.create_task(opened(server))
        await server.wait_for_request(0)
        scope.cancel()
        with pytest.raises(aiollm.StreamCancelled) as raised:
            await opening
    assert raised.value.partial is None
    await left_at(server)


async def test_nothing_is_sent_from_a_cancelled_scope(server: ProviderServer) -> None:
    with aiollm.scope() as scope:
        scope.cancel("stop")
        with pytest.raises(aiollm.StreamCancelled, match="stop"):
            await opened(server)
    assert server.log == []


async def test_a_cancelled_stream_that_nobody_reads_is_dropped_without_a_warning(server: ProviderServer) -> None:
    with aiollm.scope() as scope:
        stream = await opened(server)
        scope.cancel()
        del stream
    await left_at(server)


async def test_a_stream_is_cancelled_by_a_thread_while_a_task_that_did_not_open_it_reads(
    server: ProviderServer,
) -> None:
    with aiollm.scope() as scope:
        reading = asyncio.create_task(collected(await asyncio.create_task(opened(server))))
        thread = threading.Thread(target=scope.cancel, args=("from a thread",))
        await asyncio.sleep(0.05)
        thread.start()
        chunks, error = await reading
        thread.join()
    assert str(error) == "from a thread"
    assert text_of(chunks) == "as far"
    await left_at(server)


# -- moving on


async def test_move_on_goes_on_with_the_partial_answer(server: ProviderServer) -> None:
    seen = ""
    async with aiollm.move_on(total=0.2) as scope:
        async for chunk in await opened(server):
            seen += text_of([chunk])
        pytest.fail("the block goes no further")
    assert scope.cancelled_caught
    assert scope.partial.choices[0].message.content == seen == "as far"
    assert scope.partial.choices[0].finish_reason is None
    await left_at(server)


async def test_move_on_of_a_whole_call_has_no_partial(server: ProviderServer) -> None:
    server.script(silence())
    with aiollm.move_on(total=0.05) as scope:
        await answered(server)
    assert (scope.cancelled_caught, scope.partial) == (True, None)


async def test_move_on_is_no_cover_for_other_failures(server: ProviderServer) -> None:
    server.script(status(500))
    with pytest.raises(aiollm.InternalServerError), aiollm.move_on(total=5) as scope:
        await opened(server)
    assert not scope.cancelled_caught


async def test_move_on_is_no_cover_for_the_calls_own_clock(server: ProviderServer) -> None:
    with pytest.raises(aiollm.IdleTimeout), aiollm.move_on(total=5, idle=5):
        await read(server, timeout=aiollm.Timeouts(idle=0.1))


async def test_move_on_takes_what_a_task_group_raises(server: ProviderServer) -> None:
    with aiollm.move_on(total=0.2) as scope:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(read(server))
    assert scope.cancelled_caught
    assert scope.partial.choices[0].message.content == "as far"


async def test_the_outer_of_two_moves_on_when_it_is_tighter(server: ProviderServer) -> None:
    with aiollm.move_on(total=0.1) as outer:
        with aiollm.move_on(total=60) as inner:
            await read(server)
        pytest.fail("the block goes no further")
    assert (outer.cancelled_caught, inner.cancelled_caught) == (True, False)


async def test_cancel_moves_on_too(server: ProviderServer) -> None:
    with aiollm.move_on() as scope:
        asyncio.get_running_loop().call_later(0.1, scope.cancel)
        await read(server)
    assert scope.cancelled_caught
    assert scope.partial.choices[0].message.content == "as far"


# -- a cancellation from outside always wins


Cancel = Callable[["asyncio.Task[Any]", aiollm.Scope | aiollm.MoveOnScope], None]
BOTH: dict[str, Cancel] = {
    "task first": lambda task, scope: (task.cancel(), scope.cancel())[1],
    "scope first": lambda task, scope: (scope.cancel(), task.cancel())[0],
}


@pytest.mark.parametrize("script", [HANGING, silence()], ids=["reading", "opening"])
@pytest.mark.parametrize("make", [aiollm.scope, aiollm.move_on])
@pytest.mark.parametrize("order", BOTH)
async def test_an_outside_cancellation_wins(order: str, make: Any, script: Any, server: ProviderServer) -> None:
    server.script(script)
    scope = make()

    async def inside() -> None:
        with scope:
            await read(server)

    task = asyncio.create_task(inside())
    await server.wait_for_request(0)
    await asyncio.sleep(0.05)
    BOTH[order](task, scope)
    await asyncio.wait({task})
    assert task.cancelled()
    await left_at(server)


async def read_in_a_scope(server: ProviderServer) -> None:
    with aiollm.move_on(total=60):
        await read(server)


async def test_a_timeout_inside_and_around_is_the_callers(server: ProviderServer) -> None:
    with pytest.raises(TimeoutError) as inner, aiollm.move_on(total=60):
        await asyncio.wait_for(read(server), 0.1)
    with pytest.raises(TimeoutError) as outer:
        await asyncio.wait_for(read_in_a_scope(server), 0.1)
    assert {type(inner.value), type(outer.value)} == {TimeoutError}


async def test_a_scope_inside_a_timeout_leaves_the_task_uncancelled(server: ProviderServer) -> None:
    async with asyncio.timeout(60):
        with aiollm.move_on(total=0.1) as scope:
            await read(server)
        await asyncio.sleep(0)
    assert scope.cancelled_caught
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_failing_sibling_goes_through_move_on(server: ProviderServer) -> None:
    async def fail() -> None:
        await server.wait_for_request(0)
        raise LookupError

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(read(server))
            group.create_task(fail())

    with pytest.raises(ExceptionGroup) as raised, aiollm.move_on(total=60):
        await both()
    assert [type(error) for error in raised.value.exceptions] == [LookupError]
    await left_at(server)


async def test_an_anyio_scope_cancels_a_call(server: ProviderServer) -> None:
    with anyio.move_on_after(0.1) as around, aiollm.move_on(total=60) as scope:
        await read(server)
    assert (around.cancelled_caught, scope.cancelled_caught) == (True, False)
    await left_at(server)


async def test_a_scope_ends_a_call_inside_an_anyio_scope(server: ProviderServer) -> None:
    with anyio.fail_after(60):
        with aiollm.move_on(idle=0.1) as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(read, server)
        assert scope.cancelled_caught
        await anyio.lowlevel.checkpoint()


# -- blocking calls


@pytest.fixture
def blocking_server() -> Any:
    with ProviderServer() as running:
        running.script(HANGING)
        yield running


def blocking(server: ProviderServer, **options: Any) -> Any:
    return aiollm.completion(**arguments(server, **options))


def test_a_blocking_stream_moves_on(blocking_server: ProviderServer) -> None:
    seen = ""
    with aiollm.move_on(total=0.3) as scope:
        for chunk in blocking(blocking_server, stream=True):
            seen += text_of([chunk])
        pytest.fail("the block goes no further")
    assert scope.partial.choices[0].message.content == seen == "as far"
    blocking_server.run(blocking_server.wait_for_disconnect(0))


def test_a_blocking_call_is_cancelled_from_another_thread(blocking_server: ProviderServer) -> None:
    blocking_server.script(silence())

    def stop(scope: aiollm.Scope) -> None:
        blocking_server.run(blocking_server.wait_for_request(0))
        scope.cancel("from a thread")

    with aiollm.scope() as scope:
        thread = threading.Thread(target=stop, args=(scope,))
        thread.start()
        with pytest.raises(aiollm.StreamCancelled, match="from a thread"):
            blocking(blocking_server)
        thread.join()
    blocking_server.run(blocking_server.wait_for_disconnect(0))


def test_one_scope_spans_threads_and_loops(blocking_server: ProviderServer) -> None:
    with aiollm.scope() as scope:

        async def both() -> list[BaseException | None]:
            stream = await opened(blocking_server)
            reading = asyncio.create_task(collected(stream))
            blocked = asyncio.create_task(asyncio.to_thread(errors_of_blocking, blocking_server))
            while len(blocking_server.log) < 2:  # noqa: ASYNC110  # the server runs in another thread
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            scope.cancel("both")
            return [(await reading)[1], await blocked]

        assert [str(error) for error in asyncio.run(both())] == ["both", "both"]


def errors_of_blocking(server: ProviderServer) -> BaseException | None:
    with suppress(StopIteration):
        try:
            for _ in blocking(server, stream=True):
                pass
        except aiollm.StreamCancelled as error:
            return error
    return None

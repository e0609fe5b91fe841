"""Events for an asynchronous function: in order, bounded, and not lost with the loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextvars import ContextVar
from typing import Any

import pytest

from aiollm.hooks.sink import Sink

TENANT: ContextVar[str] = ContextVar("TENANT", default="nobody")


def offer(sink: Sink, *events: Any) -> None:
    for event in events:
        sink.offer(event, asyncio.get_running_loop())


@pytest.mark.usefixtures("no_task_left")
async def test_events_are_handed_over_in_their_order() -> None:
    seen: list[Any] = []

    async def handle(event: Any) -> None:
        await asyncio.sleep(0)
        seen.append(event)

    sink = Sink(handle)
    offer(sink, 1, 2, 3)
    await sink.drain()
    offer(sink, 4)
    await sink.drain()
    assert (seen, sink.handled, sink.dropped) == ([1, 2, 3, 4], 4, 0)


async def test_what_finds_the_queue_full_is_dropped_and_counted() -> None:
    gate, seen = asyncio.Event(), []

    async def handle(event: Any) -> None:
        await gate.wait()
        seen.append(event)

    sink = Sink(handle, max_events=2)
    offer(sink, 1, 2, 3, 4)
    assert sink.dropped == 2
    gate.set()
    await sink.drain()
    assert seen == [1, 2]


async def test_an_event_has_the_context_it_was_told_in() -> None:
    seen: list[str] = []

    async def handle(event: Any) -> None:
        seen.append(TENANT.get())

    sink = Sink(handle)
    for name in ("a", "b"):
        TENANT.set(name)
        offer(sink, name)
    await sink.drain()
    assert seen == ["a", "b"]


async def test_a_failure_is_logged_and_the_rest_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []

    async def handle(event: Any) -> None:
        if event == 1:
            raise ValueError("no such collector")
        seen.append(event)

    sink = Sink(handle)
    offer(sink, 1, 2)
    await sink.drain()
    assert seen == [2]
    assert "no such collector" in caplog.text


def test_what_waits_at_the_end_of_a_loop_is_handed_over() -> None:
    seen: list[Any] = []

    async def handle(event: Any) -> None:
        await asyncio.sleep(0.01)
        seen.append(event)

    sink = Sink(handle)

    async def program() -> None:
        offer(sink, 1, 2, 3)
        await asyncio.sleep(0)

    asyncio.run(program())
    asyncio.run(program())
    assert seen == [1, 2, 3] * 2
    assert (sink.handled, sink.dropped) == (6, 0)


def test_a_hook_that_hangs_holds_up_the_end_of_a_loop_for_a_second_only(caplog: pytest.LogCaptureFixture) -> None:
    async def handle(event: Any) -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if event == "stubborn":
                    event = ""
                    continue
                raise

    sink = Sink(handle)

    async def program() -> None:
        offer(sink, "stubborn", 2)
        await asyncio.sleep(0)

    with caplog.at_level(logging.WARNING, "aiollm"):
        asyncio.run(program())
    assert sink.dropped == 2
    assert "2 events for a hook were lost" in caplog.text


def test_an_event_for_a_loop_that_has_ended_is_counted() -> None:
    async def handle(event: Any) -> None:
        raise AssertionError("nobody can run it")

    sink = Sink(handle)
    loop = asyncio.new_event_loop()
    loop.close()
    sink.offer(1, loop)
    assert sink.dropped == 1


async def test_an_event_may_come_from_another_thread() -> None:
    came = asyncio.Event()

    async def handle(event: Any) -> None:
        assert threading.current_thread() is threading.main_thread()
        came.set()

    sink = Sink(handle)
    await asyncio.to_thread(sink.offer, 1, asyncio.get_running_loop())  # type: ignore[arg-type]
    await asyncio.wait_for(came.wait(), 20)


async def test_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="from 1; got 0"):
        Sink(print, max_events=0)  # type: ignore[arg-type]

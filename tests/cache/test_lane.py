"""Blocking work off the loop: in order, on one thread at a time, done whoever waits."""

from __future__ import annotations

import asyncio
import threading

import pytest

from aiollm.cache.lane import Lane


async def test_work_is_done_in_its_order_on_one_thread_at_a_time() -> None:
    lane, done, running = Lane(), [], threading.Lock()

    def work(number: int) -> int:
        assert running.acquire(blocking=False)
        done.append(number)
        running.release()
        return number

    assert await asyncio.gather(*(lane.run(lambda number=number: work(number)) for number in range(50))) == [*range(50)]
    assert done == [*range(50)]


async def test_what_it_raises_is_raised_where_it_is_awaited() -> None:
    def fails() -> None:
        raise LookupError("as told")

    lane = Lane()
    with pytest.raises(LookupError, match="as told"):
        await lane.run(fails)
    assert await lane.run(lambda: "goes on") == "goes on"


async def test_work_is_done_even_if_nobody_waits_any_more() -> None:
    lane, begin, done = Lane(), threading.Event(), threading.Event()
    first = lane.run(begin.wait)
    second = lane.run(done.set)
    second.cancel()
    begin.set()
    await first
    await asyncio.to_thread(done.wait)
    assert second.cancelled()


def test_a_loop_that_ends_waits_for_its_work_and_another_takes_over() -> None:
    lane, done = Lane(), []

    async def hand_over(name: str) -> None:
        _ = lane.run(lambda: done.append(name))

    asyncio.run(hand_over("first"))
    asyncio.run(hand_over("second"))
    assert done == ["first", "second"]


async def test_loops_in_several_threads_share_it() -> None:
    lane = Lane()

    def elsewhere(number: int) -> int:
        async def ask() -> int:
            return await lane.run(lambda: number)

        return asyncio.run(ask())

    assert await asyncio.gather(*(asyncio.to_thread(elsewhere, number) for number in range(4))) == [*range(4)]

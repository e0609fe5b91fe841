"""The runner alone: room, order, endings, and memory."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from aiollm import BudgetExceededError
from aiollm.jobs.item import Item
from aiollm.jobs.result import Result
from aiollm.jobs.runner import Runner
from aiollm.jobs.source import items_of
from aiollm.jobs.summary import Tally


def result(item: Item) -> Result:
    return Result(index=item.index, key=str(item.index), started=0.0, elapsed=0.0)


async def nothing() -> None:
    """What there is to finish here."""


class Source:
    """Numbers, and how many of them were taken."""

    def __init__(self, end: int) -> None:
        self.taken = 0
        self.end = end

    def __iter__(self) -> Source:
        return self

    def __next__(self) -> int:
        if self.taken == self.end:
            raise StopIteration
        self.taken += 1
        return self.taken - 1


def runner(source: Any, answer: Callable[[Item], Awaitable[Result]], **options: Any) -> Runner:
    given: dict[str, Any] = {"concurrency": 4, "window": 10, "ordered": False, "on_error": "yield"}
    return Runner(items_of(source), answer, nothing, **given | {"tally": Tally(None)} | options)


async def rest(runner: Runner) -> list[int]:
    taken = []
    while True:
        try:
            taken.append((await runner.next()).index)
        except StopAsyncIteration:
            return taken


async def at_once(item: Item) -> Result:
    return result(item)


class Gates:
    """Answers that come when they are let."""

    def __init__(self) -> None:
        self.events: dict[int, asyncio.Event] = {}

    async def __call__(self, item: Item) -> Result:
        await self.events.setdefault(item.index, asyncio.Event()).wait()
        return result(item)

    def open(self, *indices: int) -> None:
        for index in indices:
            self.events.setdefault(index, asyncio.Event()).set()


async def settled() -> None:
    """Let every task do what it can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_no_more_are_answered_at_a_time_than_may_be() -> None:
    gates, source = Gates(), Source(100)
    run = runner(source, gates)
    await settled()
    assert (run.in_flight, source.taken) == (4, 4)
    gates.open(2)
    assert (await run.next()).index == 2
    await settled()
    assert (run.in_flight, source.taken) == (4, 5)
    await run.close()


async def test_a_slow_reader_holds_up_the_source() -> None:
    source = Source(100)
    run = runner(source, at_once)
    await settled()
    assert source.taken == 10
    await run.next()
    await settled()
    assert source.taken == 11
    await run.close()


async def test_results_come_as_they_are_ready() -> None:
    gates = Gates()
    run = runner(Source(3), gates)
    gates.open(2)
    assert (await run.next()).index == 2
    gates.open(0, 1)
    assert sorted(await rest(run)) == [0, 1]
    assert run.reason == "complete"


async def test_in_order_a_slow_one_holds_up_the_source_at_the_end_of_the_window() -> None:
    gates, source = Gates(), Source(100)
    gates.open(*range(1, 100))
    run = runner(source, gates, ordered=True)
    await settled()
    assert source.taken == 10
    gates.open(0)
    assert await rest(run) == [*range(100)]


async def test_a_stop_finishes_what_is_under_way_and_takes_no_more() -> None:
    gates, source = Gates(), Source(100)
    run = runner(source, gates)
    await settled()
    run.stop("stopped")
    gates.open(*range(100))
    assert sorted(await rest(run)) == [0, 1, 2, 3]
    assert (run.reason, source.taken) == ("stopped", 4)


async def test_a_stop_with_a_time_cuts_off_what_takes_longer_and_keeps_what_came() -> None:
    gates, tally = Gates(), Tally(None)
    run = runner(Source(100), gates, tally=tally, ordered=True)
    gates.open(1, 3)
    await settled()
    run.stop("stopped", 0)
    assert await rest(run) == [1, 3]
    assert tally.unfinished == 2 + 2  # 0 and 2, and the two that took the place of 1 and 3


async def test_what_the_source_raises_comes_after_the_results_before_it() -> None:
    def source() -> Any:
        yield 0
        raise OSError("the disk is gone")

    run = runner(source(), at_once)
    assert (await run.next()).index == 0
    with pytest.raises(OSError, match="the disk is gone"):
        await run.next()
    assert run.reason == "error"


async def test_an_error_that_is_none_of_a_request_ends_all() -> None:
    async def answer(item: Item) -> Result:
        if item.index == 2:
            raise ZeroDivisionError
        await asyncio.Event().wait()
        return result(item)

    run = runner(Source(100), answer)
    with pytest.raises(ZeroDivisionError):
        await run.next()
    assert run.in_flight == 0


async def test_who_has_no_room_in_the_budget_waits_for_those_under_way() -> None:
    left, sent = 2, []

    async def answer(item: Item) -> Result:
        nonlocal left
        if not left:
            raise BudgetExceededError("full")
        left -= 1
        sent.append(item.index)
        await asyncio.sleep(0)
        left += 1
        return result(item)

    run = runner(Source(50), answer)
    assert sorted(await rest(run)) == [*range(50)]
    assert sent == sorted(sent)


async def test_when_nothing_under_way_can_free_room_the_job_ends() -> None:
    tally = Tally(None)

    async def answer(item: Item) -> Result:
        if item.index >= 2:
            raise BudgetExceededError("spent")
        await asyncio.sleep(0)
        return result(item)

    run = runner(Source(50), answer, tally=tally)
    assert sorted(await rest(run)) == [0, 1]
    assert (run.reason, tally.skipped) == ("budget", 2)


async def test_a_reader_that_stops_waiting_loses_nothing() -> None:
    gates = Gates()
    run = runner(Source(1), gates)
    waiting = asyncio.create_task(run.next())
    await settled()
    waiting.cancel()
    await asyncio.wait({waiting})
    gates.open(0)
    assert await rest(run) == [0]


async def test_leaving_closes_the_source() -> None:
    closed = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.set()

    run = runner(source(), at_once)
    await run.next()
    run.abandon()
    await asyncio.wait_for(closed.wait(), 5)
    await run.close()


def resident() -> int:
    """Bytes of memory that the process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_memory_does_not_grow_with_a_hundred_thousand_requests() -> None:
    run = runner((f"prompt {number}" for number in range(100_000)), at_once, ordered=True)
    for _ in range(1_000):
        await run.next()
    before = resident()
    for _ in range(99_000):
        await run.next()
    assert resident() - before < 4_000_000
    assert await rest(run) == []

"""Credentials that are kept: fetched once, shared, renewed before their end, and never at the cost of a call."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from aiollm.credentials.keeper import LAST_SECONDS, REFRESH_SECONDS, REREAD_SECONDS, Keeper, Lease
from aiollm.exceptions import AuthenticationError

SAFETY = 10.0


class Source:
    """Gives numbers for credentials; it can be made to wait, or to fail."""

    def __init__(self, *, lasts: float | None) -> None:
        self.now = 1000.0
        self.lasts = lasts
        self.fetched: list[str] = []
        self.failure: Exception | None = None
        self.go = threading.Event()
        self.go.set()
        self.keeper: Keeper[str, str] = Keeper(self.fetch, lambda: self.now)

    def fetch(self, wanted: str) -> Lease[str]:
        assert self.go.wait(SAFETY)
        self.fetched.append(wanted)
        if self.failure is not None:
            raise self.failure
        ends = None if self.lasts is None else self.now + self.lasts
        return Lease(f"{wanted}{len(self.fetched)}", ends)

    async def until(self, count: int) -> None:
        """Wait until all fetches have landed, of which there were so many."""
        if flights := list(self.keeper._flights.values()):
            await asyncio.wait(flights, timeout=SAFETY)
        assert len(self.fetched) == count


async def test_credentials_are_fetched_once_for_many_who_ask_at_once() -> None:
    source = Source(lasts=3600)
    assert await asyncio.gather(*(source.keeper.get("a") for _ in range(50))) == ["a1"] * 50
    assert await source.keeper.get("a") == "a1"
    assert source.fetched == ["a"]


async def test_each_identity_has_its_own() -> None:
    source = Source(lasts=3600)
    assert {await source.keeper.get("a"), await source.keeper.get("b")} == {"a1", "b2"}


async def test_fetching_does_not_block_the_loop() -> None:
    source = Source(lasts=3600)
    source.go.clear()
    waiting = asyncio.create_task(source.keeper.get("a"))
    await asyncio.sleep(0)  # the loop is free while the thread waits
    source.go.set()
    assert await waiting == "a1"


async def test_they_are_renewed_before_their_end_without_a_wait() -> None:
    source = Source(lasts=3600)
    await source.keeper.get("a")
    source.now += 3600 - REFRESH_SECONDS + 1
    source.go.clear()
    assert await source.keeper.get("a") == "a1"  # while the new ones are on their way
    source.go.set()
    await source.until(2)
    assert await source.keeper.get("a") == "a2"


async def test_those_at_their_end_are_waited_for() -> None:
    source = Source(lasts=3600)
    await source.keeper.get("a")
    source.now += 3600 - LAST_SECONDS + 1
    assert await source.keeper.get("a") == "a2"


async def test_a_renewal_that_fails_does_not_cost_a_call_while_the_old_ones_last() -> None:
    source = Source(lasts=3600)
    await source.keeper.get("a")
    source.now += 3600 - REFRESH_SECONDS + 1
    source.failure = AuthenticationError("no")
    assert await source.keeper.get("a") == "a1"
    await source.until(2)
    source.failure = None
    assert await source.keeper.get("a") == "a1"
    await source.until(3)
    assert await source.keeper.get("a") == "a3"


async def test_those_without_an_end_are_read_again_now_and_then() -> None:
    source = Source(lasts=None)
    await source.keeper.get("a")
    source.now += REREAD_SECONDS - REFRESH_SECONDS - 1
    assert await source.keeper.get("a") == "a1"
    source.now += REREAD_SECONDS
    assert await source.keeper.get("a") == "a2"


async def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    source = Source(lasts=3600)
    source.failure = AuthenticationError("no")
    failures: list[Any] = await asyncio.gather(*(source.keeper.get("a") for _ in range(3)), return_exceptions=True)
    assert [str(failure) for failure in failures] == ["no"] * 3
    assert len({id(failure) for failure in failures}) == 3  # each caller adds its own facts
    source.failure = None
    assert await source.keeper.get("a") == "a2"


async def test_one_who_is_cancelled_leaves_at_once_and_the_others_go_on() -> None:
    source = Source(lasts=3600)
    source.go.clear()
    leaving, staying = (asyncio.create_task(source.keeper.get("a")) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    source.go.set()
    assert await staying == "a1"
    assert source.fetched == ["a"]


async def test_a_fetch_that_nobody_waits_for_any_more_is_still_of_use() -> None:
    source = Source(lasts=3600)
    source.go.clear()
    leaving = asyncio.create_task(source.keeper.get("a"))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    source.go.set()
    await source.until(1)
    assert await source.keeper.get("a") == "a1"
    assert source.fetched == ["a"]


def test_they_outlive_the_loop_that_fetched_them() -> None:
    source = Source(lasts=3600)
    assert asyncio.run(source.keeper.get("a")) == asyncio.run(source.keeper.get("a")) == "a1"
    assert source.fetched == ["a"]
    assert not source.keeper._flights

"""As many calls at a time as a worker may answer, and a bounded line before it."""

from __future__ import annotations

import asyncio

import pytest

from aiollm.proxy.config.settings import GeneralSettings
from aiollm.proxy.entrance import Entrance
from aiollm.proxy.inbound.failure import Failure, Refusal

ONE = GeneralSettings(max_in_flight_requests_per_worker=1, max_queued_requests_per_worker=2)
HASTY = GeneralSettings(
    max_in_flight_requests_per_worker=1, max_queued_requests_per_worker=2, admission_queue_timeout_seconds=0.01
)


def refused(entrance: Entrance, settings: GeneralSettings) -> Failure:
    with pytest.raises(Refusal) as caught:
        entrance.enter(settings)
    return caught.value.failure


def waiting(entrance: Entrance, settings: GeneralSettings = ONE) -> asyncio.Task[None]:
    turn = entrance.enter(settings)
    assert turn is not None
    return asyncio.create_task(entrance.wait(turn, settings))


async def test_without_a_bound_everybody_is_let_in() -> None:
    entrance = Entrance()
    assert [entrance.enter(GeneralSettings()) for _ in range(100)] == [None] * 100


async def test_those_who_wait_come_in_by_their_order_and_no_more_may_wait_than_the_line_holds() -> None:
    entrance = Entrance()
    assert entrance.enter(ONE) is None
    first, second = waiting(entrance), waiting(entrance)
    failure = refused(entrance, ONE)
    assert (failure.status, failure.code, failure.retryable) == (503, "gateway_overloaded", True)
    entrance.leave()
    await first
    assert not second.done()
    entrance.leave()
    await second
    entrance.leave()
    assert entrance.enter(ONE) is None


async def test_nobody_waits_where_no_line_is_wanted() -> None:
    entrance = Entrance()
    settings = GeneralSettings(max_in_flight_requests_per_worker=1)
    entrance.enter(settings)
    assert refused(entrance, settings).status == 503


async def test_a_wait_that_is_too_long_is_refused_and_leaves_the_line() -> None:
    entrance = Entrance()
    entrance.enter(HASTY)
    with pytest.raises(Refusal):
        await waiting(entrance, HASTY)
    assert len(entrance) == 0


async def test_who_goes_away_gives_its_place_on_even_when_its_turn_has_just_come() -> None:
    entrance = Entrance()
    entrance.enter(ONE)
    gone, late = waiting(entrance), waiting(entrance)
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    assert len(entrance) == 1
    entrance.leave()
    late.cancel()
    await asyncio.wait([late])
    assert late.cancelled()
    assert entrance.enter(ONE) is None

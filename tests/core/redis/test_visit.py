"""What the script grants, question by question, on a real server."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from aiollm.core.redis.lease import Answer, Question
from aiollm.core.redis.visit import visit
from tests.services.redis import RedisServer

NONE = -1.0
SHORT = 0.1  # a lease that a test waits out


class Visitor:
    """Asks in the names of clients, for requests and places, and takes the server's memory as it is."""

    def __init__(self, client: Redis) -> None:
        self.redis = client
        self.key = f"test:{{{uuid.uuid4()}}}"

    async def __call__(
        self, client: str, need: float = 0, *, want: float = 0, keep: float = 0, places: float = 0, **facts: Any
    ) -> Answer:
        told: dict[str, Any] = {
            "client": client,
            "epoch": "",
            "period": 60.0,
            "slot": 0.5,
            "lease": 10.0,
            "life": 10.0,
            "grace": 0.0,
            "limits": [10.0, NONE, NONE, NONE, 3.0],
            "batches": [],
            "keep": [keep, 0, 0, 0, 0],
            "need": [max(need, keep), 0, 0, 0, places],
            "want": [max(need, keep, want), 0, 0, 0, places],
            "hungry": bool(need or places),
            "pause": 0.0,
            "leaving": False,
        }
        return await visit(self.redis, self.key, Question(**{**told, **facts}))


@pytest.fixture
async def ask(redis_server: RedisServer) -> AsyncIterator[Visitor]:
    async with Redis.from_url(redis_server.url) as client:
        yield Visitor(client)


async def batch(ask: Visitor, requests: float, number: int = 1) -> list[Any]:
    """Return a batch of what was spent just now."""
    now = (await ask("clock")).now
    return [(number, [(int(now / 0.5), [requests, 0.0, 0.0, 0.0])])]


async def test_what_others_hold_is_not_granted(ask: Visitor):
    assert (await ask("one", 7)).holds[0] == 7
    refused = await ask("two", 4)
    assert (refused.holds, refused.parties) == ([0] * 5, 2)
    assert 0 < refused.wait <= 5
    assert (await ask("two", 3)).holds[0] == 3


async def test_what_is_wanted_beyond_the_need_is_shared_out(ask: Visitor):
    assert (await ask("one", 1, want=100)).holds[0] == 10
    assert (await ask("one", keep=0)).holds[0] == 0
    await ask("two", keep=0)
    assert (await ask("one", 2, want=100)).holds[0] == 6  # its need, and half of the rest


async def test_what_was_spent_is_not_granted_again(ask: Visitor):
    answer = await ask("one", 5, batches=await batch(ask, 6))
    assert (answer.holds[0], answer.spent[0]) == (0, 6)
    assert answer.wait == 5  # of the lease of ten seconds: the window is longer
    assert (await ask("one", 4)).holds[0] == 4


async def test_a_batch_that_is_told_twice_counts_once(ask: Visitor):
    told = await batch(ask, 6)
    await ask("one", batches=told)
    assert (await ask("one", batches=told)).spent[0] == 6
    assert (await ask("one", batches=[*told, *await batch(ask, -2, 2)])).spent[0] == 4


async def test_what_is_not_given_back_in_time_counts_as_spent(ask: Visitor):
    await ask("lost", 8, lease=SHORT)
    await asyncio.sleep(2 * SHORT)
    answer = await ask("other", 3)
    assert (answer.holds[0], answer.spent[0]) == (0, 8)


async def test_places_are_kept_longer_than_rates_but_not_for_ever(ask: Visitor):
    await ask("lost", places=3, lease=SHORT / 4, life=SHORT)
    assert (await ask("other", places=1)).holds[4] == 0
    await asyncio.sleep(SHORT / 2)
    assert (await ask("other", places=1)).holds[4] == 0
    await asyncio.sleep(SHORT)
    assert (await ask("other", places=1)).holds[4] == 1


async def test_who_waits_longer_comes_first(ask: Visitor):
    await ask("holder", 5)
    assert (await ask("large", 9)).holds[0] == 0
    assert (await ask("small", 1)).holds[0] == 0  # though there is room for it
    assert (await ask("holder", keep=5)).waiting
    await ask("holder")
    assert (await ask("small", 2)).holds[0] == 0
    assert (await ask("large", 9)).holds[0] == 9
    assert (await ask("small", 1)).holds[0] == 1


async def test_one_that_waits_no_more_loses_its_turn(ask: Visitor):
    await ask("holder", 5)
    await ask("large", 9)
    await ask("large")
    assert (await ask("small", 5)).holds[0] == 5


async def test_one_that_waits_and_is_gone_holds_up_nobody(ask: Visitor):
    await ask("holder", 5)
    await ask("gone", 9, lease=SHORT)
    await asyncio.sleep(2 * SHORT)
    assert (await ask("small", 5, lease=SHORT)).holds[0] == 5


async def test_one_that_leaves_is_forgotten(ask: Visitor):
    await ask("one", 9, places=3)
    await ask("one", leaving=True)
    answer = await ask("two", 10, places=3)
    assert (answer.holds, answer.parties) == ([10, 0, 0, 0, 3], 1)


async def test_a_pause_is_told_to_all_and_the_longest_holds(ask: Visitor):
    await ask("one", pause=30.0)
    await ask("one", pause=10.0)
    assert 29 < (await ask("two")).pause <= 30


async def test_one_that_knew_another_memory_is_asked_for_everything_and_nothing_is_granted_meanwhile(ask: Visitor):
    lost = await ask("one", 5, epoch="before", grace=30.0)
    assert (lost.known, lost.holds) == (False, [])
    granted = await ask("two", 1)
    assert granted.holds[0] == 0
    assert 0 < granted.wait <= 5
    told = await ask("one", keep=2, epoch=lost.epoch, batches=await batch(ask, 3))
    assert (told.known, told.holds[0], told.spent[0]) == (True, 2, 3)


async def test_the_script_is_sent_again_to_a_server_that_has_lost_it(ask: Visitor):
    await ask("one", 1)
    await ask.redis.script_flush()
    assert (await ask("one", 2)).holds[0] == 2


async def test_a_client_that_decodes_everything_will_do(redis_server: RedisServer):
    async with Redis.from_url(redis_server.url, decode_responses=True) as client:
        assert (await Visitor(client)("one", 2)).holds[0] == 2


async def test_nothing_is_kept_for_ever(ask: Visitor):
    await ask("one", 1)
    assert 0 < await ask.redis.pttl(ask.key) <= 2000 * (60 + 10)

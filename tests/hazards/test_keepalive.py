"""The keep-alive race, many times: the server closes an idle connection just as a request goes out on it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import aiollm
from tests.engine.calling import MESSAGES, pool_facts
from tests.hazards.hasty import HastyProvider

WORKERS, CALLS = 8, 50
PAUSE = 0.004  # seconds at most between two calls: about as long as the provider waits


def arguments(provider: HastyProvider, user: str) -> dict[str, object]:
    return {
        "model": "openai/scripted",
        "messages": MESSAGES,
        "api_base": provider.base_url,
        "api_key": "k",
        "user": user,
        "timeout": 20,
        "num_retries": 0,  # the connections are what is looked at
    }


async def calls(provider: HastyProvider, worker: int, count: int = CALLS) -> int:
    """Call again and again, and return how many calls failed because the server closed the connection."""
    pauses, failed = random.Random(worker), 0
    for number in range(count):
        try:
            await aiollm.acompletion(**arguments(provider, f"{worker}-{number}"))
        except aiollm.APIConnectionError:
            failed += 1
        await asyncio.sleep(pauses.uniform(0, PAUSE))
    return failed


async def test_no_call_fails_and_each_is_answered_once() -> None:
    async with HastyProvider() as provider:
        failed = await asyncio.gather(*(calls(provider, worker) for worker in range(WORKERS)))
        assert sum(failed) == 0
        assert sorted(provider.asked) == sorted(f"{w}-{n}" for w in range(WORKERS) for n in range(CALLS))
        assert set(provider.answered.values()) == set(provider.asked.values()) == {1}
        assert pool_facts()["requests"] > WORKERS * CALLS, "not one request met a closing connection"


async def test_no_blocking_call_fails_and_each_is_answered_once() -> None:
    async with HastyProvider() as provider:

        def work(worker: int) -> None:
            for number in range(CALLS):
                aiollm.completion(**arguments(provider, f"{worker}-{number}"))

        await asyncio.gather(*(asyncio.to_thread(work, worker) for worker in range(WORKERS)))
        assert len(provider.answered) == WORKERS * CALLS
        assert set(provider.answered.values()) == set(provider.asked.values()) == {1}
        assert provider.closed > 0


async def test_a_reply_that_broke_off_in_its_head_is_never_asked_for_again() -> None:
    async with HastyProvider(patience=20, cut=0.5) as provider:
        failed = await calls(provider, 0, count=100)
        asked = Counter(provider.asked.values())
        assert failed == 100 - len(provider.answered) > 0
        assert asked == {1: 100}

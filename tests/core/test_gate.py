"""Who waits, in which order and for how long."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from aiollm import Limiter, RateLimitError
from aiollm.testing import run_in_virtual_time as run
from tests.core.passing import now, passed_at, times


def test_within_a_key_requests_pass_as_they_came_whatever_their_size():
    async def scenario() -> list[float]:
        limiter, draw = Limiter(tpm=100), random.Random(3)
        return await times(limiter, *({"input_tokens": draw.randint(1, 100)} for _ in range(40)))

    passed = run(scenario())
    assert passed == sorted(passed)


def test_an_urgent_request_overtakes():
    async def scenario() -> list[float]:
        return await times(Limiter(rpm=1), {}, {"priority": 2}, {"priority": 0})

    assert run(scenario()) == pytest.approx([0, 120, 60], abs=0.01)


async def given(limiter: Limiter, seconds: float, waiting: dict[str, tuple[int, int]]) -> list[int]:
    """Return how many tokens each key was given, of whom so many wait from the start for so many tokens each."""
    await limiter.reserve(input_tokens=6_000)  # all that there is, so that everybody waits
    tokens = dict.fromkeys(waiting, 0)

    async def work(key: str, size: int) -> None:
        await limiter.reserve(key=key, input_tokens=size)
        tokens[key] += size

    tasks = [asyncio.create_task(work(key, size)) for key, (number, size) in waiting.items() for _ in range(number)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return [*tokens.values()]


def test_five_keys_get_alike_however_much_they_ask_for():
    """Jain's index of fairness over what each was given is 0.95 at least; 1 is perfect, 0.2 is all for one."""
    waiting = {"a": (3_000, 10), "b": (700, 10), "c": (500, 30), "d": (80, 100), "e": (30, 300)}
    tokens = run(given(Limiter(tpm=6_000), 350, waiting))
    assert sum(tokens) == pytest.approx(30_000, rel=0.01)
    assert sum(tokens) ** 2 / (len(tokens) * sum(amount**2 for amount in tokens)) >= 0.95


def test_keys_with_weights_get_shares_by_weight():
    limiter = Limiter(tpm=6_000, weights={"gold": 4})
    gold, other = run(given(limiter, 260, {"gold": (1_000, 30), "other": (1_000, 30)}))
    assert gold / other == pytest.approx(4, rel=0.05)


# -- waiting


def test_who_has_waited_for_max_wait_is_told_when_there_may_be_room():
    async def scenario() -> RateLimitError:
        limiter = Limiter(rpm=1, max_wait=20)
        await limiter.reserve()
        with pytest.raises(RateLimitError, match=r"after 20 s.*nothing was sent") as caught:
            await limiter.reserve()
        assert limiter.stats().waiting == 0
        assert limiter.stats().timed_out == 1
        return caught.value

    error = run(scenario())
    assert (error.retryable, error.phase) == (True, "request")
    assert error.retry_after == pytest.approx(40, abs=0.01)


def test_a_requests_own_max_wait_goes_first():
    async def scenario() -> float:
        limiter = Limiter(rpm=1, max_wait=20)
        await limiter.reserve()
        return await passed_at(limiter, max_wait=61)

    assert run(scenario()) == pytest.approx(60, abs=0.01)


def test_a_max_wait_of_nothing_tries_once():
    async def scenario() -> None:
        limiter = Limiter(rpm=1)
        await limiter.reserve(max_wait=0)
        with pytest.raises(RateLimitError):
            await limiter.reserve(max_wait=0)

    run(scenario())


def test_who_leaves_the_queue_makes_room_for_the_next():
    async def scenario() -> float:
        limiter = Limiter(tpm=100)
        await limiter.reserve(input_tokens=60)
        large = asyncio.create_task(passed_at(limiter, input_tokens=90))
        small = asyncio.create_task(passed_at(limiter, input_tokens=40))
        await asyncio.sleep(5)
        large.cancel()
        return await small

    assert run(scenario()) == pytest.approx(5, abs=0.01)


def test_who_is_cancelled_when_the_permit_has_just_been_given_gives_it_back():
    async def scenario() -> tuple[int, float, int]:
        limiter = Limiter(concurrency=1, rpm=10)
        held = await limiter.reserve()
        waiting = asyncio.create_task(passed_at(limiter))
        await asyncio.sleep(1)
        held.release()  # the permit goes to the task, which has not run yet
        assert limiter.stats().in_flight == 1
        waiting.cancel()
        await asyncio.wait({waiting})
        stats = limiter.stats()
        return stats.in_flight, stats.rpm_now, stats.waiting

    assert run(scenario()) == (0, 1, 0)


# -- pauses


def test_a_pause_holds_everybody_back_and_a_shorter_one_does_not_shorten_it():
    async def scenario() -> list[float]:
        limiter = Limiter()
        limiter.pause(30)
        limiter.pause(10)
        assert limiter.stats().paused == pytest.approx(30)
        return await times(limiter, {}, {"key": "other"}, {"priority": 0})

    assert run(scenario()) == pytest.approx([30, 30, 30], abs=0.01)


def test_a_pause_longer_than_max_wait_is_not_waited_for():
    async def scenario() -> float:
        limiter = Limiter(max_wait=5)
        limiter.pause(30)
        with pytest.raises(RateLimitError, match="asked for a pause") as caught:
            await limiter.reserve()
        assert caught.value.retry_after == pytest.approx(30)
        return now()

    assert run(scenario()) < 1


def test_a_pause_beyond_belief_is_cut():
    async def scenario() -> float:
        limiter = Limiter()
        limiter.throttled(retry_after=1e9)
        return await passed_at(limiter)

    assert run(scenario()) == pytest.approx(120, abs=0.01)


@pytest.mark.parametrize("arguments", [{"input_tokens": -1}, {"priority": 4}, {"priority": -1}, {"max_wait": -1}])
def test_a_reservation_that_makes_no_sense_is_refused(arguments: dict[str, Any]):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        Limiter().reserve(**arguments)

"""The limits of one process."""

from __future__ import annotations

import asyncio
import random
from typing import Any, Literal

import pytest

from aiollm import Limiter, Permit
from aiollm.core.quota import Amounts
from aiollm.testing import run_in_virtual_time as run
from tests.core.passing import now, passed_at, times

MODES = pytest.mark.parametrize("mode", ["strict", "bucket"])
Mode = Literal["strict", "bucket"]


# -- rates


def test_no_more_than_a_minutes_worth_passes_in_a_minute():
    assert run(times(Limiter(rpm=3), *[{}] * 7)) == pytest.approx([0, 0, 0, 60, 60, 60, 120], abs=0.01)


def test_a_bucket_lets_a_minutes_worth_pass_and_then_as_much_as_leaks():
    passed = run(times(Limiter(rpm=3, mode="bucket"), *[{}] * 6))
    assert passed == pytest.approx([0, 0, 0, 20, 40, 60], abs=0.01)


@pytest.mark.parametrize(
    ("limit", "kind", "other"),
    [
        ("tpm", "output_tokens", None),
        ("itpm", "input_tokens", "output_tokens"),
        ("otpm", "output_tokens", "input_tokens"),
    ],
)
@MODES
def test_each_kind_of_tokens_has_its_limit(limit: str, kind: str, other: str | None, mode: Mode):
    limiter = Limiter(**{limit: 100, "mode": mode})
    without = [{other: 1e9}] if other else [{}]
    passed = run(times(limiter, {kind: 60}, {kind: 40}, *without, {kind: 50}))
    assert passed == pytest.approx([0, 0, 0, 60 if mode == "strict" else 30], abs=0.01)


@MODES
def test_the_limit_is_made_use_of(mode: Mode):
    """At least 95 in 100, of requests and of tokens, however large the requests are."""

    async def scenario() -> tuple[float, float]:
        limiter = Limiter(rpm=120, tpm=6_000, mode=mode)
        draw = random.Random(1)
        requests = tokens = 0.0
        while now() < 600:
            amount = draw.randint(1, 30 if now() < 300 else 120)
            async with limiter.reserve(input_tokens=amount):
                if now() < 300:
                    requests += 1
                elif now() < 600:
                    tokens += amount
        return requests / (120 * 5), tokens / (6_000 * 5)

    assert min(run(scenario())) >= 0.95


@pytest.mark.parametrize("key", ["the same", "another"])
@MODES
def test_a_large_request_is_not_starved_by_small_ones(mode: Mode, key: str):
    """The case that aiolimiter fails: 90 in 100 of the limit, while more small ones come than there is room for."""

    async def scenario() -> float:
        limiter = Limiter(tpm=6_000, mode=mode)

        async def small_ones() -> None:
            async with asyncio.TaskGroup() as group:
                while True:
                    group.create_task(passed_at(limiter, input_tokens=60, key="the same"))
                    await asyncio.sleep(0.6 if now() < 70 else 0.5)

        small = asyncio.create_task(small_ones())
        await asyncio.sleep(70)
        since = now()
        await limiter.reserve(input_tokens=5_400, key=key)
        waited = now() - since
        small.cancel()
        await asyncio.wait({small})
        return waited

    assert run(scenario()) <= 61


@MODES
def test_a_request_above_the_limit_passes_alone(mode: Mode):
    async def scenario() -> list[float]:
        limiter = Limiter(tpm=100, mode=mode)
        return await times(limiter, {"input_tokens": 50}, {"input_tokens": 450}, {"input_tokens": 50})

    small, large, after = run(scenario())
    assert small == 0
    assert large == pytest.approx(60 if mode == "strict" else 30, abs=0.01)
    assert after >= large + 60


# -- accounts


@MODES
def test_what_was_estimated_too_high_makes_room_at_once(mode: Mode):
    async def scenario() -> float:
        limiter = Limiter(tpm=100, mode=mode)
        async with limiter.reserve(input_tokens=100) as permit:
            permit.settle(input_tokens=20, output_tokens=10)
        return await passed_at(limiter, input_tokens=70)

    assert run(scenario()) == 0


@MODES
def test_what_was_estimated_too_low_is_waited_for(mode: Mode):
    async def scenario() -> float:
        limiter = Limiter(tpm=100, mode=mode)
        async with limiter.reserve(input_tokens=10) as permit:
            permit.settle(input_tokens=10, output_tokens=90)
        return await passed_at(limiter, input_tokens=10)

    assert run(scenario()) >= 6


@MODES
def test_a_refund_gives_back_the_request_too(mode: Mode):
    async def scenario() -> float:
        limiter = Limiter(rpm=1, tpm=10, mode=mode)
        async with limiter.reserve(input_tokens=10) as permit:
            permit.refund()
        return await passed_at(limiter, input_tokens=10)

    assert run(scenario()) == 0


def test_tokens_are_conserved():
    """After any number of estimates, corrections and refunds, the account is the sum of what was really taken."""

    async def scenario() -> tuple[float, float, float, float]:
        limiter, draw = Limiter(tpm=1e9), random.Random(2)
        real_tokens = real_requests = 0.0
        for _ in range(300):
            permit = await limiter.reserve(input_tokens=draw.randint(0, 900), output_tokens=draw.randint(0, 900))
            taken = draw.randint(0, 1800), draw.randint(0, 1800)
            if draw.random() < 0.2:
                permit.refund()
            else:
                permit.settle(input_tokens=taken[0], output_tokens=taken[1])
                real_tokens += sum(taken)
                real_requests += 1
            permit.release()
            await asyncio.sleep(0.1)
        stats = limiter.stats()
        return stats.tpm_now, real_tokens, stats.rpm_now, real_requests

    booked_tokens, real_tokens, booked_requests, real_requests = run(scenario())
    assert booked_tokens == pytest.approx(real_tokens)
    assert booked_requests == real_requests


# -- concurrency


def test_so_many_at_a_time():
    async def scenario() -> int:
        limiter = Limiter(concurrency=3)
        busy = most = 0

        async def work() -> None:
            nonlocal busy, most
            async with limiter.reserve():
                busy += 1
                most = max(most, busy)
                await asyncio.sleep(1)
                busy -= 1

        await asyncio.gather(*(work() for _ in range(10)))
        assert limiter.stats().in_flight == 0
        return most

    assert run(scenario()) == 3


def test_releasing_twice_gives_back_one_place():
    async def scenario() -> int:
        limiter = Limiter(concurrency=2)
        first, _ = await limiter.reserve(), await limiter.reserve()
        first.release()
        first.release()
        return limiter.stats().in_flight

    assert run(scenario()) == 1


def test_to_finish_is_to_settle_and_to_release_once():
    limiter = Limiter(tpm=1_000, concurrency=1)
    permit = limiter.pass_at_once(Amounts(1, 10, 500))
    assert permit is not None
    assert limiter.pass_at_once(Amounts(1, 10, 20)) is None
    for _ in range(2):
        limiter.finish(permit, Amounts(1, 10, 20))
    stats = limiter.stats()
    assert (stats.in_flight, stats.rpm_now, stats.tpm_now) == (0, 1, 30)


def test_an_error_in_the_block_releases_the_permit():
    async def scenario() -> None:
        limiter = Limiter(concurrency=1)
        with pytest.raises(ZeroDivisionError):
            async with limiter.reserve():
                raise ZeroDivisionError
        await limiter.reserve(max_wait=0)

    run(scenario())


# -- what is found out


def served_then_refused(limiter: Limiter, permits: list[Permit]) -> None:
    for permit in permits:
        limiter.throttled(permit)
        permit.refund()
        permit.release()


def test_a_burst_of_refusals_halves_the_rate_once():
    async def scenario() -> float | None:
        limiter = Limiter()
        for _ in range(60):
            (await limiter.reserve()).release()
        await asyncio.sleep(60 - 1e-3)
        served_then_refused(limiter, [await limiter.reserve() for _ in range(20)])
        return limiter.stats().rpm

    assert run(scenario()) == pytest.approx(40, abs=0.1)


def test_refusals_change_nothing_where_it_is_not_to_adapt():
    async def scenario() -> float | None:
        limiter = Limiter(rpm=100, adaptive=False)
        served_then_refused(limiter, [await limiter.reserve()])
        limiter.learn({"x-ratelimit-limit-requests": "5"})
        return limiter.stats().rpm

    assert run(scenario()) == 100


def openai(limit: int, remaining: int) -> dict[str, str]:
    return {"x-ratelimit-limit-tokens": str(limit), "x-ratelimit-remaining-tokens": str(remaining)}


@MODES
def test_it_keeps_the_limits_that_the_provider_tells_but_never_more_than_configured(mode: Mode):
    async def scenario() -> list[float]:
        limiter = Limiter(tpm=100, mode=mode)
        limiter.learn(openai(50, 50))
        assert limiter.stats().tpm == 50
        limiter.learn(openai(500, 500))
        assert limiter.stats().tpm == 100
        return await times(limiter, {"input_tokens": 100}, {"input_tokens": 1})

    assert run(scenario())[1] > 0.5


def test_a_limit_of_another_period_is_kept_where_it_says_something_of_a_minute():
    async def scenario() -> tuple[float | None, float | None]:
        of_a_second, of_a_day = Limiter(), Limiter()
        of_a_second.learn({"x-requests-limit-rate": "8", "x-requests-limit-remaining": "0"})
        of_a_day.learn({"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "0"}, provider="groq")
        await of_a_second.reserve(max_wait=0)
        await of_a_day.reserve(max_wait=0)
        return of_a_second.stats().rpm, of_a_day.stats().rpm

    assert run(scenario()) == (480, None)


@MODES
def test_it_leaves_room_for_others_who_use_the_same_key(mode: Mode):
    async def scenario() -> float:
        limiter = Limiter(mode=mode)
        limiter.learn(openai(100, 30))
        return await passed_at(limiter, input_tokens=40)

    assert run(scenario()) == pytest.approx(60 if mode == "strict" else 6, abs=0.01)


@pytest.mark.parametrize("value", ["-1", "0", "", "NaN", "12ms", "1m3s", "2026-11-26T05:00:00Z"])
def test_headers_that_cannot_be_are_ignored(value: str):
    async def scenario() -> float:
        limiter = Limiter(rpm=100)
        limiter.learn({"x-ratelimit-limit-requests": value, "x-ratelimit-remaining-requests": value})
        assert limiter.stats().rpm == 100
        return (await times(limiter, *[{}] * 100))[-1]

    assert run(scenario()) == 0


def test_a_hidden_limit_is_found():
    """A provider that tells nothing serves ten a second: within a tenth of it, and fewer than 3 in 100 refused."""

    async def scenario() -> tuple[int, int]:
        limiter, draw = Limiter(concurrency=16), random.Random(4)
        level = at = 0.0
        served = refused = 0

        async def work() -> None:
            nonlocal level, at, served, refused
            while now() < 300:
                async with limiter.reserve() as permit:
                    await asyncio.sleep(0.05 * draw.random())
                    level, at = max(0.0, level - 10 * (now() - at)), now()
                    if level + 1 > 10:
                        refused += 1
                        limiter.throttled(permit)
                        permit.refund()
                        continue
                    level += 1
                    await asyncio.sleep(0.1)
                    limiter.succeeded(permit)
                    await asyncio.sleep(draw.random())
                    served += 1

        await asyncio.gather(*(work() for _ in range(50)))
        return served, refused

    served, refused = run(scenario())
    assert served >= 0.9 * 10 * 300
    assert refused / (served + refused) < 0.03


# -- the object


def test_it_tells_of_itself():
    async def scenario() -> None:
        limiter = Limiter(rpm=2, tpm=1000, concurrency=8)
        async with limiter.reserve(input_tokens=100, output_tokens=50) as permit:
            waiting = [asyncio.create_task(passed_at(limiter)) for _ in range(2)]
            await asyncio.sleep(30)
            stats = limiter.stats()
            assert (stats.waiting, stats.in_flight, stats.concurrency, stats.admitted) == (1, 2, 8, 2)
            assert (stats.rpm_now, stats.rpm, stats.tpm_now, stats.tpm) == (2, 2, 150, 1000)
            assert (stats.itpm, stats.otpm, stats.degraded, stats.paused) == (None, None, None, 0)
            permit.settle(input_tokens=100, output_tokens=0)
        assert limiter.stats().estimate_error == pytest.approx(0.025)
        assert repr(limiter) == "<Limiter rpm=2, tpm=1000, concurrency=8, 1 waiting>"
        await asyncio.gather(*waiting)
        stats = limiter.stats()
        assert (stats.wait_p50, stats.wait_p95) == pytest.approx((0, 60), abs=0.01)

    run(scenario())


@pytest.mark.parametrize(
    "arguments",
    [
        {"rpm": 0},
        {"rpm": "500"},
        {"tpm": -1},
        {"itpm": float("nan")},
        {"otpm": float("inf")},
        {"concurrency": 0},
        {"mode": "lax"},
        {"max_wait": -1},
        {"weights": {"a": 0}},
    ],
)
def test_what_makes_no_sense_is_refused(arguments: dict[str, Any]):
    with pytest.raises(ValueError, match=next(iter(arguments)).rstrip("s")):
        Limiter(**arguments)

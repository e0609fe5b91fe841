"""Whatever comes, is cancelled, settled or given back: no minute holds more than the limits.

But for a single request that is larger than a limit, which passes alone.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as some

from aiollm import Limiter, RateLimitError
from aiollm.testing import run_in_virtual_time
from tests.profiles import SCALE

RPM, TPM, CONCURRENCY = 5, 100, 3


class Arrival(NamedTuple):
    after: float  # seconds since the one before
    estimate: int
    real: int | None  # tokens; None for a refund
    lasts: float
    max_wait: float | None
    cancelled_after: float | None
    priority: int
    key: str


ARRIVALS = some.builds(
    Arrival,
    after=some.sampled_from([0.0, 0.0, 0.001, 1.0, 7.3, 30.0, 59.999, 60.0]),
    estimate=some.integers(0, 130),
    real=some.none() | some.integers(0, 130),
    lasts=some.sampled_from([0.0, 0.5, 20.0, 90.0]),
    max_wait=some.sampled_from([None, None, 0.0, 45.0]),
    cancelled_after=some.sampled_from([None, None, None, 0.0, 10.0, 60.0]),
    priority=some.integers(0, 3),
    key=some.sampled_from("abc"),
)


@define
class Passed:
    """A request that passed, with what it takes as far as it is known."""

    at: float
    tokens: int
    requests: int = 1


async def played(arrivals: list[Arrival]) -> list[Passed]:
    """Let all of them come; return those that passed, with what they really took."""
    loop = asyncio.get_running_loop()
    limiter = Limiter(rpm=RPM, tpm=TPM, concurrency=CONCURRENCY)
    passed: list[Passed] = []
    busy = 0

    async def request(arrival: Arrival) -> None:
        nonlocal busy
        reservation = limiter.reserve(
            input_tokens=arrival.estimate, priority=arrival.priority, key=arrival.key, max_wait=arrival.max_wait
        )
        async with reservation as permit:
            busy += 1
            assert busy <= CONCURRENCY
            one = Passed(permit.taken_at, arrival.estimate)
            passed.append(one)
            try:
                await asyncio.sleep(arrival.lasts)
            finally:
                busy -= 1
            if arrival.real is None:
                permit.refund()
                one.tokens = one.requests = 0
            else:  # what exceeds its estimate is nothing that a limiter could prevent
                one.tokens = min(arrival.real, arrival.estimate)
                permit.settle(input_tokens=one.tokens, output_tokens=0)

    tasks = []
    for arrival in arrivals:
        await asyncio.sleep(arrival.after)
        tasks.append(asyncio.create_task(request(arrival)))
        if arrival.cancelled_after is not None:
            loop.call_later(arrival.cancelled_after, tasks[-1].cancel)
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(error, RateLimitError | asyncio.CancelledError | None) for error in errors)
    assert (limiter.stats().waiting, limiter.stats().in_flight) == (0, 0)
    await asyncio.sleep(61)
    assert (limiter.stats().rpm_now, limiter.stats().tpm_now) == (0, 0)
    return passed


@settings(max_examples=100 * SCALE)
@given(some.lists(ARRIVALS, min_size=1, max_size=25))
def test_no_minute_holds_more_than_the_limits(arrivals: list[Arrival]) -> None:
    passed = run_in_virtual_time(played(arrivals))
    for last in passed:
        minute = [one for one in passed if last.at - 60 + 1e-9 < one.at <= last.at]
        assert sum(one.requests for one in minute) <= RPM
        assert sum(one.tokens for one in minute) <= TPM or sum(one.tokens > 0 for one in minute) == 1

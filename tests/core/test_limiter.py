import asyncio

import pytest

from aiollm.core.limiter import TokenBucket
from aiollm.exceptions import WrongLoopError
from aiollm.testing import run_in_virtual_time as run


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _times(bucket: TokenBucket, amounts: list[float]) -> list[float]:
    """Acquire all amounts at once; return when each passed, in the order asked."""

    async def one(amount: float) -> float:
        await bucket.acquire(amount)
        return round(_now(), 3)

    return await asyncio.gather(*(one(amount) for amount in amounts))


def test_a_burst_passes_at_once_and_the_rest_at_the_rate():
    times = run(_times(TokenBucket(10, 1.0), [1.0] * 30))
    assert times[:10] == [0.0] * 10
    assert times[10:] == [pytest.approx(0.1 * n, abs=0.002) for n in range(1, 21)]


def test_a_large_amount_is_not_overtaken_by_small_ones():
    times = run(_times(TokenBucket(100, 1.0), [50.0, 90.0, *[1.0] * 20]))
    assert times == sorted(times)
    assert times[1] == pytest.approx(0.4, abs=0.01)


def test_an_amount_above_the_rate_is_drawn_in_parts():
    assert run(_times(TokenBucket(10, 1.0), [35.0]))[0] == pytest.approx(2.5, abs=0.01)


def test_a_cancelled_waiter_gives_up_its_place():
    async def scenario() -> float:
        bucket = TokenBucket(1, 10.0)
        await bucket.acquire()
        first = asyncio.create_task(bucket.acquire())
        second = asyncio.create_task(bucket.acquire())
        await asyncio.sleep(1)
        first.cancel()
        await second
        assert first.cancelled()
        return _now()

    assert run(scenario()) == pytest.approx(10.0, abs=0.1)


def test_it_guards_a_block():
    async def scenario() -> float:
        bucket = TokenBucket(1, 2.0)
        for _ in range(3):
            async with bucket:
                pass
        return _now()

    assert run(scenario()) == pytest.approx(4.0, abs=0.1)


def test_another_loop_is_refused():
    bucket = TokenBucket(1)
    run(bucket.acquire())
    with pytest.raises(WrongLoopError, match="first used it"):
        run(bucket.acquire())


@pytest.mark.parametrize(("rate", "period"), [(0, 60), (-1, 60), (1, 0), (float("nan"), 60)])
def test_a_rate_or_period_of_nothing_is_refused(rate, period):
    with pytest.raises(ValueError, match="above 0"):
        TokenBucket(rate, period)


def test_a_negative_amount_is_refused():
    with pytest.raises(ValueError, match="got -1"):
        run(TokenBucket(1).acquire(-1))


def test_its_repr_tells_the_rate():
    assert repr(TokenBucket(500)) == "<TokenBucket 500 in 60 s>"

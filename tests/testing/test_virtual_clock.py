"""Time that passes only when everybody waits."""

import asyncio
import time

import pytest

from aiollm.testing import run_in_virtual_time


async def slept(*seconds: float) -> list[float]:
    async def sleep(delay: float) -> float:
        await asyncio.sleep(delay)
        return asyncio.get_running_loop().time()

    return await asyncio.gather(*(sleep(delay) for delay in seconds))


def test_a_day_takes_no_time():
    since = time.monotonic()
    assert run_in_virtual_time(slept(86_400, 3_600, 0)) == pytest.approx([86_400, 3_600, 0], abs=0.01)
    assert time.monotonic() - since < 60


def test_every_run_begins_at_nought():
    assert run_in_virtual_time(slept(5)) == run_in_virtual_time(slept(5))


def test_a_deadline_comes_when_it_is_due():
    async def late() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.sleep(31)
        return asyncio.get_running_loop().time()

    assert run_in_virtual_time(late()) == pytest.approx(30, abs=0.01)


def test_without_a_timer_another_thread_is_waited_for():
    async def asked() -> str:
        return await asyncio.to_thread(lambda: time.sleep(0.01) or "done")

    assert run_in_virtual_time(asked()) == "done"

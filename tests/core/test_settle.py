from __future__ import annotations

import asyncio

import pytest

import aiollm
from aiollm.testing import run_in_virtual_time as run


async def saved(into: list[str], seconds: float = 0.5) -> str:
    await asyncio.sleep(seconds)
    into.append("saved")
    return "receipt"


def test_the_result_comes_back() -> None:
    assert run(aiollm.settle(saved([]))) == "receipt"


def test_an_error_of_the_work_is_raised() -> None:
    async def fail() -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        run(aiollm.settle(fail()))


@pytest.mark.parametrize("times", [1, 3])
def test_a_cancelled_task_finishes_the_work_and_is_cancelled_then(times: int) -> None:
    log: list[str] = []

    async def cancel_meanwhile() -> None:
        task = asyncio.create_task(aiollm.settle(saved(log)))
        for _ in range(times):
            await asyncio.sleep(0.1)
            task.cancel()
        assert log == []
        with pytest.raises(asyncio.CancelledError):
            await task

    run(cancel_meanwhile())
    assert log == ["saved"]


def test_an_error_of_the_work_is_the_cause_of_the_cancellation() -> None:
    async def fail() -> None:
        await asyncio.sleep(0.5)
        raise LookupError("lost")

    async def cancel_meanwhile() -> BaseException:
        task = asyncio.create_task(aiollm.settle(fail()))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as raised:
            await task
        return raised.value

    assert isinstance(run(cancel_meanwhile()).__cause__, LookupError)


def test_the_work_is_cancelled_when_it_takes_too_long() -> None:
    log: list[str] = []

    async def too_long() -> float:
        before = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            await aiollm.settle(saved(log, 100))
        return asyncio.get_running_loop().time() - before

    assert run(too_long()) == pytest.approx(1, abs=0.01)
    assert log == []


def test_a_cancelled_task_does_not_wait_for_ever() -> None:
    async def cancel_meanwhile() -> float:
        task = asyncio.create_task(aiollm.settle(saved([], 100), seconds=3))
        await asyncio.sleep(0.1)
        before = asyncio.get_running_loop().time()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as raised:
            await task
        assert isinstance(raised.value.__cause__, TimeoutError)
        return asyncio.get_running_loop().time() - before

    assert run(cancel_meanwhile()) == pytest.approx(2.9, abs=0.01)


def test_a_timeout_around_it_waits_for_the_work() -> None:
    log: list[str] = []

    async def within() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await aiollm.settle(saved(log))

    run(within())
    assert log == ["saved"]

"""One limiter for several event loops, threads and processes."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from aiollm import Limiter, Permit
from tests.programs import python

THREADS, REQUESTS = 4, 50


class Busy:
    """Counts who is inside, over all threads."""

    def __init__(self) -> None:
        self.most = self.now = self.total = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.now += 1
            self.total += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.now -= 1


def test_loops_in_several_threads_share_one_limit():
    limiter, busy = Limiter(concurrency=3), Busy()

    async def request() -> None:
        async with limiter.reserve():
            with busy:
                await asyncio.sleep(0)

    async def many() -> None:
        await asyncio.gather(*(request() for _ in range(REQUESTS)))

    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(asyncio.run, many()) for _ in range(THREADS)]:
            done.result(30)
    assert (busy.total, busy.most) == (THREADS * REQUESTS, 3)
    assert (limiter.stats().waiting, limiter.stats().in_flight) == (0, 0)


async def waiting(limiter: Limiter, number: int = 1) -> None:
    while limiter.stats().waiting < number:  # noqa: ASYNC110  # those who wait may be in another thread
        await asyncio.sleep(0.001)


def test_a_permit_that_is_released_in_one_thread_wakes_who_waits_in_another():
    limiter = Limiter(concurrency=1)
    held = asyncio.run(_permit(limiter))
    with ThreadPoolExecutor(1) as thread:
        other = thread.submit(asyncio.run, _permit(limiter))
        asyncio.run(waiting(limiter))
        held.release()  # where no loop is running at all
        assert other.result(30).waited > 0


async def _permit(limiter: Limiter) -> Permit:
    return await limiter.reserve()


def test_a_loop_that_ends_leaves_nobody_in_the_queue():
    limiter = Limiter(concurrency=1)

    async def leave() -> None:
        left = asyncio.create_task(_permit(limiter))
        await waiting(limiter)
        assert not left.done()

    held = asyncio.run(_permit(limiter))
    asyncio.run(leave())
    assert limiter.stats().waiting == 0
    held.release()
    assert limiter.stats().in_flight == 0


def test_who_waits_on_a_loop_that_was_closed_is_passed_over():
    limiter = Limiter(concurrency=1)
    held = asyncio.run(_permit(limiter))
    loop = asyncio.new_event_loop()
    abandoned = loop.create_task(_permit(limiter))
    loop.run_until_complete(waiting(limiter))
    loop.close()
    held.release()
    assert asyncio.run(_permit(limiter)).waited == 0
    abandoned._log_destroy_pending = False  # type: ignore[attr-defined]  # that it was left behind is the point


def test_who_is_next_on_another_loop_is_woken_in_time():
    """The head of the queue leaves with its loop, and with it the alarm that would have rung."""
    limiter = Limiter(rpm=1000)
    limiter.pause(0.2)

    async def leave() -> None:
        first = asyncio.create_task(_permit(limiter))
        await waiting(limiter)
        assert not first.done()
        started.set()
        await waiting(limiter, 2)

    started = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        ended = thread.submit(asyncio.run, leave())
        started.wait(30)
        assert asyncio.run(asyncio.wait_for(_permit(limiter), 30)).waited > 0
        ended.result(30)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_has_nothing_in_flight_and_nobody_waiting():
    forked = python(
        "-c",
        """if True:
        import asyncio, os
        from aiollm import Limiter

        async def main():
            limiter = Limiter(concurrency=1)
            await limiter.reserve()
            waiting = asyncio.ensure_future(limiter.reserve())
            await asyncio.sleep(0)
            limiter._guard._lock.acquire()  # as another thread may have, at the moment of the fork
            if os.fork() == 0:
                stats = limiter.stats()
                os._exit((stats.in_flight, stats.waiting) != (0, 0))
            limiter._guard._lock.release()
            assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
            assert (limiter.stats().in_flight, limiter.stats().waiting) == (1, 1)
            waiting.cancel()

        asyncio.run(main())
        """,
    )
    assert forked.returncode == 0, forked.stderr

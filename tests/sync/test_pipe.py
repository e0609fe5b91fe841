from __future__ import annotations

import asyncio
import threading

import pytest

from aiollm.core.runtime import LoopThread
from aiollm.sync.pipe import Pipe


@pytest.fixture
def thread() -> object:
    started = LoopThread("aiollm-test")
    started.start()
    yield started
    started.stop()


def test_batches_arrive_in_order_and_then_the_end(thread: LoopThread) -> None:
    pipe: Pipe[int] = Pipe(thread.loop)

    async def write() -> None:
        for number in range(100):
            await pipe.put([number, -number], 10)
        pipe.end()

    work = thread.submit(write())
    assert [pipe.get() for _ in range(100)] == [[number, -number] for number in range(100)]
    assert pipe.get() == []
    assert pipe.get() == []
    work.result()


def test_an_error_arrives_after_what_was_put(thread: LoopThread) -> None:
    pipe: Pipe[int] = Pipe(thread.loop)

    async def write() -> None:
        await pipe.put([1], 1)
        pipe.end(LookupError("gone"))

    thread.run(write())
    assert pipe.get() == [1]
    with pytest.raises(LookupError, match="gone"):
        pipe.get()
    assert pipe.get() == []


def test_a_full_pipe_holds_the_writer_back_until_it_is_read(thread: LoopThread) -> None:
    pipe: Pipe[int] = Pipe(thread.loop, max_bytes=100)
    written: list[int] = []

    async def write() -> None:
        for number in range(10):
            await pipe.put([number], 60)
            written.append(number)

    async def writer_waits() -> bool:
        for _ in range(20):
            await asyncio.sleep(0)
        return pipe._room is not None

    work = thread.submit(write())
    for read in range(8):
        assert thread.run(writer_waits())
        assert written == list(range(read + 1))
        assert pipe.get() == [read]
    assert [pipe.get(), pipe.get()] == [[8], [9]]
    work.result()


def test_a_batch_larger_than_the_pipe_goes_through(thread: LoopThread) -> None:
    pipe: Pipe[int] = Pipe(thread.loop, max_bytes=10)

    async def write() -> None:
        for _ in range(50):
            await pipe.put([1], 1000)
        pipe.end()

    work = thread.submit(write())
    assert sum(1 for _ in iter(pipe.get, [])) == 50
    work.result()


def test_a_reader_and_a_writer_at_full_speed_never_stall(thread: LoopThread) -> None:
    pipe: Pipe[int] = Pipe(thread.loop, max_bytes=3)

    async def write() -> None:
        for number in range(5000):
            await pipe.put([number], 1)
        pipe.end()

    work = thread.submit(write())
    assert [batch[0] for batch in iter(pipe.get, [])] == list(range(5000))
    work.result()


def test_a_reader_waits_for_the_writer(thread: LoopThread) -> None:
    pipe: Pipe[int] = Pipe(thread.loop)
    got: list[list[int]] = []
    reader = threading.Thread(target=lambda: got.append(pipe.get()))
    reader.start()
    assert got == []
    thread.run(pipe.put([7], 1))
    reader.join(5)
    assert got == [[7]]


def test_reading_after_the_loop_is_closed_gives_what_was_put(thread: LoopThread) -> None:
    pipe: Pipe[int] = Pipe(thread.loop, max_bytes=1)
    thread.submit(pipe.put([1], 5))
    thread.run(asyncio.sleep(0))
    thread.stop()
    assert pipe.get() == [1]

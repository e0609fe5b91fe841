"""The log of one stream: what is kept of it, and for whom it waits."""

from __future__ import annotations

import asyncio

import pytest

from aiollm.proxy.resume.event_id import new_stream
from aiollm.proxy.resume.log import LAG_BYTES, StreamLog, Superseded, Trimmed


def log(most_bytes: int = 10_000) -> StreamLog:
    made = StreamLog(new_stream(), "owner", b"data: lost\n\n", most_bytes=most_bytes)
    made.begin({})
    return made


def frame(text: str) -> bytes:
    return f"data: {text}\n\n".encode()


async def texts(written: StreamLog, after: int = 0) -> list[str]:
    """Return the events of an ended stream that come after one."""
    read = b""
    async with written.read(after) as reader:
        while data := await reader.next():
            read += data
    return [line.removeprefix("data: ") for line in read.decode().splitlines() if line.startswith("data: ")]


async def test_a_stream_is_read_from_any_event_on() -> None:
    written = log()
    written.append(frame("one") + frame("two"))
    written.append(frame("three"))
    written.append(b"")
    written.end()
    assert [await texts(written, after) for after in range(4)] == [
        ["one", "two", "three"],
        ["two", "three"],
        ["three"],
        [],
    ]


async def test_the_oldest_events_are_dropped_and_asking_for_them_says_so() -> None:
    written = log(most_bytes=200)
    for number in range(1, 21):
        written.append(frame(str(number)))
    written.end()
    assert written.size <= 200
    with pytest.raises(Trimmed):
        written.read(3)
    assert (await texts(written, 18)) == ["19", "20"]


async def test_what_the_client_has_not_taken_is_never_dropped_and_its_provider_waits() -> None:
    written = log(most_bytes=100)
    async with written.read() as reader:
        size = 0
        while size <= LAG_BYTES:
            written.append(frame("x" * 1000))
            size = written.size
        waiting = asyncio.create_task(written.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        assert len(await reader.next()) == size
        await waiting
        written.append(frame("x"))
        assert written.size < 100


async def test_a_client_that_comes_back_takes_the_place_of_its_old_connection() -> None:
    written = log()
    written.append(frame("one"))
    async with written.read() as old:
        assert await old.next()
        reading = asyncio.create_task(old.next())
        await asyncio.sleep(0)
        async with written.read(1) as new:
            with pytest.raises(Superseded):
                await reading
            written.append(frame("two"))
            assert b"two" in await new.next()
        assert written.client is None


async def test_an_error_before_the_head_is_raised_and_one_after_it_is_the_frame_of_the_lost() -> None:
    early = StreamLog(new_stream(), "owner", b"data: lost\n\n", most_bytes=100)
    early.fail(ValueError("nothing came"))
    with pytest.raises(ValueError, match="nothing came"):
        await early.read().head()
    late = log()
    late.append(frame("so far"))
    late.fail(ValueError("it broke"))
    late.fail(ValueError("again"))
    assert await texts(late) == ["so far", "lost"]

"""All resumable streams of a worker: read on without a client for a while, and kept for a while after their end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from aiollm.exceptions import StreamCancelled
from aiollm.proxy.inbound.failure import Failure
from aiollm.proxy.resume.event_id import EventId, new_stream
from aiollm.proxy.resume.log import Reader, StreamLog
from aiollm.proxy.resume.redis_log import RedisLogs

__all__ = ["LOST", "STREAM_BYTES", "ResumableStreams"]

LOST = Failure(
    502,
    "the answer is not whole: it was stopped because nobody read it, or the worker that had it is gone",
    "stream_lost",
    "server_error",
    retryable=True,
)
"""What a client is told at the end of a stream that has lost its own."""

STREAM_BYTES = 1024 * 1024
"""How much of one stream is kept, at the most."""

ALL_BYTES = 64 * 1024 * 1024
"""How much of all streams a worker keeps. Beyond it the oldest that have ended are forgotten before their time."""

LAST_SECONDS = 1.0
"""How long the end of a worker waits for what Redis is still to be told."""

MOST_STREAMS = 1000
"""How many streams a worker keeps. One more, while none of them has ended, cannot be taken up again."""


class ResumableStreams:
    """The streams that this worker reads, or has read.

    Args:
        grace: how long a stream is read on that no client reads, in seconds. Then its provider's connection is closed.
        keep: how long one that has ended is kept, in seconds.
        shared: where other instances find them; None where there are none.
    """

    def __init__(self, *, grace: float, keep: float, shared: RedisLogs | None = None) -> None:
        self.grace = grace
        self.keep = keep
        self.shared = shared
        self._logs: dict[str, StreamLog] = {}
        self._work: dict[str, asyncio.Task[None]] = {}
        self._copies: set[asyncio.Task[None]] = set()
        self._waits: dict[str, asyncio.Task[None]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._size = 0

    def open(self, owner: str, lost: bytes) -> StreamLog | None:
        """Return the log of a new stream; None where there is no room for one.

        Args:
            owner: who may take it up again.
            lost: the frame that says that it was lost.
        """
        if len(self._logs) >= MOST_STREAMS and not self._forget_oldest():
            return None
        log = StreamLog(new_stream(), owner, lost, most_bytes=STREAM_BYTES, grew=self._grew, left=self._left)
        self._logs[log.id] = log
        return log

    def start(self, log: StreamLog, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do the work that writes a log, in a task of its own, which outlives the client. Returns the task."""
        task = asyncio.create_task(self._written(log, work), name="aiollm resumable stream")
        self._work[log.id] = task
        if self.shared is not None:
            copy = asyncio.create_task(self.shared.copy(log, self.keep), name="aiollm stream copy")
            self._copies.add(copy)
            copy.add_done_callback(self._copies.discard)
        return task

    async def read(self, event: EventId, owner: str) -> Reader | None:
        """Return what reads a stream after an event; None where its owner has none of the name.

        Raises:
            Trimmed: what comes after the event is not kept any more.
            RedisUnavailable: it may be another instance's, and that cannot be found out.
        """
        log = self._logs.get(event.stream)
        if log is not None:
            return self._attached(log, event) if log.owner == owner else None
        return None if self.shared is None else await self.shared.read(event, owner)

    async def aclose(self) -> None:
        """End all work. What other instances know of the streams stays with them."""
        for timer in self._timers.values():
            timer.cancel()
        await _ended([*self._waits.values(), *self._work.values()])
        copies = list(self._copies)
        if copies:  # they see the ends of the streams
            await asyncio.wait(copies, timeout=LAST_SECONDS)
        await _ended(copies)
        if self.shared is not None:
            await self.shared.aclose()

    def _attached(self, log: StreamLog, event: EventId) -> Reader:
        reader = log.read(event.number)
        self._stop_waiting(log)
        return reader

    async def _written(self, log: StreamLog, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            log.fail(StreamCancelled("nobody reads the stream"))
        except Exception as error:  # noqa: BLE001 - the client's handler raises it
            log.fail(error)
        finally:
            del self._work[log.id]
            self._stop_waiting(log)
            self._timers[log.id] = asyncio.get_running_loop().call_later(
                self.keep if log.begun else 0.0, self._forget, log
            )

    def _left(self, log: StreamLog) -> None:
        """Nobody reads a stream any more, at least not here."""
        if log.id in self._work:
            self._waits[log.id] = asyncio.create_task(self._end_unless_read(log), name="aiollm stream without client")

    async def _end_unless_read(self, log: StreamLog) -> None:
        """End a stream when nobody has come back; at once where there is nothing yet to come back to."""
        while True:
            await asyncio.sleep(self.grace if log.number else 0.0)
            if not log.number or self.shared is None or not await self.shared.is_read(log.id):
                self._work[log.id].cancel()
                return

    def _stop_waiting(self, log: StreamLog) -> None:
        if (wait := self._waits.pop(log.id, None)) is not None:
            wait.cancel()

    def _forget(self, log: StreamLog) -> None:
        self._timers.pop(log.id).cancel()
        del self._logs[log.id]
        self._size -= log.size

    def _forget_oldest(self) -> bool:
        """Forget the oldest stream that has ended; return whether there was one."""
        oldest = next((log for log in self._logs.values() if log.id in self._timers and log.client is None), None)
        if oldest is not None:
            self._forget(oldest)
        return oldest is not None

    def _grew(self, change: int) -> None:
        self._size += change
        while change > 0 and self._size > ALL_BYTES and self._forget_oldest():
            pass
        if change > 0 and self._size > ALL_BYTES:
            for log in self._logs.values():
                log.shrink()


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    """End tasks, and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

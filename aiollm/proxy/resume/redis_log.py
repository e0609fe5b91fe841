"""The streams of all instances, in Redis Streams: copied there behind, and read by whichever instance is asked.

Keys, for each stream:
    aiollm:stream:{<stream>}          the Redis Stream; entry `0-<number of the last event>` has `f`, the number of the
                                      first, and `d`, the frames; entry `1-0` is the end
    aiollm:stream:{<stream>}:head     the head, in MessagePack; it is renewed as long as the worker lives
    aiollm:stream:{<stream>}:reader   there while another instance reads for a client

Source: https://redis.io/docs/latest/develop/data-types/streams/ (XTRIM MINID: Redis 6.2 or later).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from hmac import compare_digest
from types import TracebackType
from typing import Any, Self

import msgspec

from aiollm.core.redis.link import RedisLink, RedisUnavailable
from aiollm.proxy.resume.event_id import EventId, after_event
from aiollm.proxy.resume.log import Entry, StreamHead, StreamLog, Trimmed

__all__ = ["RedisLogs", "RedisReader"]

ALIVE_SECONDS = 15.0
"""How long what is known of a stream lasts without its worker, which renews it three times as often."""

READER_SECONDS = 6.0
"""How long a reader counts as one that is not heard of."""

BLOCK_SECONDS = 1.0
"""How long one command waits for further entries."""

CALL_SECONDS = 3.0

_END = "1-0"

_logger = logging.getLogger("aiollm.proxy")

Command = Sequence[str | bytes | int]


class RedisLogs:
    """Streams on a server.

    Args:
        url: the server.
        most_bytes: how much of a stream is kept there.

    Raises:
        ImportError: redis-py is not installed (the extra `redis`).
        ValueError: the URL is none.
    """

    def __init__(self, url: str, *, most_bytes: int) -> None:
        self._link = RedisLink(url, seconds=CALL_SECONDS)
        self._most = most_bytes

    async def copy(self, log: StreamLog, keep: float) -> None:
        """Copy a stream as it grows, until its end, after which it is kept for so many seconds.

        A server that fails ends the copy: the stream goes on for its client, and other instances will say that it is
        lost. What it failed at is logged.
        """
        try:
            head = await log.head()
        except Exception:  # noqa: BLE001 - there is no stream; its client is told why
            return
        try:
            await self._copy(log, head, keep)
        except RedisUnavailable as failure:
            _logger.warning("a stream can be taken up at this worker only: %s", failure)
        except Trimmed:
            _logger.warning("a stream can be taken up at this worker only: Redis is too slow for it")

    async def _copy(self, log: StreamLog, head: StreamHead, keep: float) -> None:
        key, alive, reader = _key(log.id), _milliseconds(ALIVE_SECONDS), log.read(client=False)
        renewed: list[Command] = [("PEXPIRE", key, alive), ("PEXPIRE", f"{key}:head", alive)]
        await self._run([("SET", f"{key}:head", msgspec.msgpack.encode(head), "PX", alive)])
        window = _Window(self._most)
        while True:
            try:
                async with asyncio.timeout(ALIVE_SECONDS / 3):
                    entries = await reader.entries()
            except TimeoutError:
                await self._run(renewed)
                continue
            if not entries:
                kept = _milliseconds(keep)
                last = ("XADD", key, _END, "e", "1"), ("PEXPIRE", key, kept), ("PEXPIRE", f"{key}:head", kept)
                await self._run(last)
                return
            added: list[Command] = [("XADD", key, f"0-{e.last}", "f", e.first, "d", e.data) for e in entries]
            if oldest := window.add(entries):
                added.append(("XTRIM", key, "MINID", f"0-{oldest}"))
            await self._run([*added, *renewed])

    async def is_read(self, stream: str) -> bool:
        """Whether another instance reads a stream for a client. False where the server cannot be asked."""
        try:
            (there,) = await self._run([("EXISTS", f"{_key(stream)}:reader")])
        except RedisUnavailable:
            return False
        return bool(there)

    async def read(self, event: EventId, owner: str) -> RedisReader | None:
        """Return what reads a stream after an event; None where its owner has none of the name.

        Raises:
            Trimmed: what comes after the event is not kept any more.
            RedisUnavailable: the server cannot be asked.
        """
        key = _key(event.stream)
        told, oldest = await self._run([("GET", f"{key}:head"), ("XRANGE", key, "-", "+", "COUNT", 1)])
        if told is None:
            return None
        head = msgspec.msgpack.decode(told, type=StreamHead)
        if not compare_digest(head.owner, owner):
            return None
        if oldest and int(oldest[0][1].get(b"f", event.number + 1)) > event.number + 1:
            raise Trimmed
        return RedisReader(self, event, head)

    async def entries(self, stream: str, after: str) -> list[tuple[bytes, dict[bytes, bytes]]] | None:
        """Wait a while for entries after one; None where the stream is gone."""
        key = _key(stream)
        mark: Command = ("SET", f"{key}:reader", "1", "PX", _milliseconds(READER_SECONDS))
        _, there = await self._run([mark, ("EXISTS", f"{key}:head")])
        if not there:
            return None

        async def wait(client: Any) -> Any:
            return await client.xread({key: after}, count=100, block=_milliseconds(BLOCK_SECONDS))

        found: Any = await self._link.call(wait)
        return found[0][1] if found else []

    async def leave(self, stream: str) -> None:
        """Take note that a reader has left."""
        await self._run([("DEL", f"{_key(stream)}:reader")])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._link.aclose()

    async def _run(self, commands: Sequence[Command]) -> list[Any]:
        """Run commands in one round trip.

        Raises:
            RedisUnavailable: they could not be run.
        """

        async def run(client: Any) -> list[Any]:
            pipeline = client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            return list(await pipeline.execute())

        return await self._link.call(run)


class RedisReader:
    """Reads a stream that another instance writes, or has written."""

    def __init__(self, logs: RedisLogs, event: EventId, head: StreamHead) -> None:
        self._logs = logs
        self._event: EventId = event
        self._head = head
        self._place = f"0-{event.number}"
        self._ended = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._ended:
            self._ended = True
            try:
                await self._logs.leave(self._event.stream)
            except RedisUnavailable:
                return  # it will be forgotten without

    async def head(self) -> StreamHead:
        return self._head

    async def next(self) -> bytes:
        while not self._ended:
            try:
                entries = await self._logs.entries(self._event.stream, self._place)
            except RedisUnavailable as failure:
                _logger.warning("a stream of another worker is lost: %s", failure)
                entries = None
            if entries is None:
                self._ended = True
                return self._head.lost
            if data := self._taken(entries):
                return data
        return b""

    def _taken(self, entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> bytes:
        frames: list[bytes] = []
        for place, fields in entries:
            if place.decode() == _END:
                self._ended = True
                break
            first, data = int(fields[b"f"]), fields[b"d"]
            if first > int(self._place.partition("-")[2]) + 1:  # trimmed before it was read
                self._ended = True
                return b"".join([*frames, self._head.lost])
            self._place = place.decode()
            frames.append(data if first > self._event.number else after_event(data, self._event))
        return b"".join(frames)


class _Window:
    """Which entries fit into a number of bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: deque[tuple[int, int]] = deque()
        self._size = 0

    def add(self, entries: Sequence[Entry]) -> int | None:
        """Count entries in; return the last event of the oldest that stays, if older ones go."""
        before = len(self._entries) + len(entries)
        for entry in entries:
            self._entries.append((entry.last, len(entry.data)))
            self._size += len(entry.data)
        while self._size > self._most and len(self._entries) > 1:
            self._size -= self._entries.popleft()[1]
        return self._entries[0][0] if len(self._entries) < before else None


def _key(stream: str) -> str:
    return f"aiollm:stream:{{{stream}}}"


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))

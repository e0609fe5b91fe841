"""What workers and instances tell each other, over Redis, of money that the store does not know of yet.

A budget is kept by what the store has of it, and by what is reserved and unwritten in this worker. That the others have
such too would be found out only when they write. So each tells it twice a second; no call waits for that.

Keys:
    aiollm:pending            the names of the workers, a set
    aiollm:pending:<worker>   what a worker tells, in MessagePack, as long as it is heard of
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aiollm.core.redis.link import RedisLink, RedisUnavailable
from aiollm.proxy.keys.holder import HolderId
from aiollm.proxy.ledger.admission import Admissions

__all__ = ["SharedBudgets"]

ROUND_SECONDS = 0.5

HEARD_SECONDS = 5.0
"""How long what a worker has told counts, when nothing more is heard of it."""

LATE_ROUNDS = 6
"""For how many rounds money still counts as unwritten that has been written: others read the store once a second."""

CALL_SECONDS = 1.0

_KEY = "aiollm:pending"

Sums = dict[tuple[HolderId, float], int]
"""Billionths of a US dollar, by holder and the beginning of the budget's period."""


class SharedBudgets:
    """Tells the others what is pending here, and the admissions what is pending elsewhere.

    While the server is gone each worker knows of its own calls and of the store alone.

    Args:
        url: the server.
        admissions: this worker's.

    Raises:
        ImportError: redis-py is not installed (the extra `redis`).
        ValueError: the URL is none.
    """

    def __init__(self, url: str, admissions: Admissions) -> None:
        self._link = RedisLink(url, seconds=CALL_SECONDS)
        self._admissions = admissions
        self._worker = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._written: deque[Mapping[tuple[HolderId, float], int]] = deque(maxlen=LATE_ROUNDS)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to tell."""
        self._task = asyncio.create_task(self._run(), name="aiollm shared budgets")

    async def aclose(self) -> None:
        """Tell no more. What was told last counts until all is in the store, and a little longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._link.aclose()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            if self._admissions.knows_budgets:
                try:
                    self._admissions.learn(await self._exchange(self._pending()))
                except RedisUnavailable:
                    self._admissions.learn({})

    def _pending(self) -> Sums:
        """Return what the store does not have, or has had for so short a time that others may not know."""
        pending, written = self._admissions.pending()
        self._written.append(written)
        sums = Counter(pending)
        for late in self._written:
            sums.update(late)
        return {name: amount for name, amount in sums.items() if amount}

    async def _exchange(self, own: Sums) -> Sums:
        """Tell what is pending here, and return what is elsewhere.

        Raises:
            RedisUnavailable: the server cannot be used.
        """
        told = msgspec.msgpack.encode([(*name, period, amount) for (name, period), amount in own.items()])
        names = await self._link.call(lambda client: _tell(client, self._worker, told))
        others = sorted(name for name in names if name != self._worker.encode())
        sums: Counter[tuple[HolderId, float]] = Counter()
        for answer in await self._link.call(lambda client: _hear(client, others)) if others else ():
            for kind, name, period, amount in msgspec.msgpack.decode(answer):
                sums[HolderId(kind, name), period] += amount
        return sums


async def _tell(client: Any, worker: str, told: bytes) -> list[bytes]:
    """Say what is pending at a worker, and return the names of all."""
    pipeline = client.pipeline(transaction=False)
    pipeline.execute_command("SET", f"{_KEY}:{worker}", told, "PX", round(HEARD_SECONDS * 1000))
    pipeline.execute_command("SADD", _KEY, worker)
    pipeline.execute_command("SMEMBERS", _KEY)
    return list((await pipeline.execute())[2])


async def _hear(client: Any, workers: Sequence[bytes]) -> list[bytes]:
    """Return what workers have told, and forget those that are not heard of."""
    told = await client.execute_command("MGET", *(_KEY.encode() + b":" + name for name in workers))
    gone = [name for name, answer in zip(workers, told, strict=True) if answer is None]
    if gone:
        await client.execute_command("SREM", _KEY, *gone)
    return [answer for answer in told if answer is not None]

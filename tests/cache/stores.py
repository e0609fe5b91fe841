"""The stores that every test of a store's contract runs with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiollm.cache.memory import MemoryStore
from aiollm.cache.sqlite import SQLiteStore
from aiollm.cache.store import CacheStore, StoreError

KEY, OTHER = "a" * 64, "b" * 64


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


Opener = Callable[[Path, Time], CacheStore]

OPENERS: dict[str, Opener] = {
    "memory": lambda folder, time: MemoryStore(clock=time),
    "sqlite": lambda folder, time: SQLiteStore(folder / "cache.sqlite", clock=time),
}


class FaultyStore(MemoryStore):
    """A store that does what it is told before each operation."""

    def __init__(self, fault: Callable[[], Any]) -> None:
        super().__init__()
        self.fault = fault
        self.asked = 0

    async def get(self, key: str) -> bytes | None:
        self.asked += 1
        await self.fault()
        return await super().get(key)

    async def put(self, key: str, value: bytes, ttl: float | None) -> None:  # type: ignore[override]
        self.asked += 1
        await self.fault()
        await super().put(key, value, ttl)


async def broken() -> None:
    raise StoreError("the disk is gone")


async def hanging() -> None:
    await asyncio.Event().wait()


async def working() -> None:
    """It works."""

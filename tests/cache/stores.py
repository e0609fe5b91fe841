"""The stores that every test of a store's contract runs with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aiollm.cache.memory import MemoryStore
from aiollm.cache.sqlite import SQLiteStore
from aiollm.cache.store import CacheStore

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

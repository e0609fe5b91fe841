"""A store in the process's own memory."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator

import msgspec

from aiollm.core.guard import Guard

__all__ = ["MemoryStore"]

ENTRY_BYTES = 300
"""What an entry takes beside its value: key, times, and its place in the table."""


class _Kept(msgspec.Struct, frozen=True):
    value: bytes
    expires: float


class MemoryStore:
    """Keeps values in memory, and the most recently used of them where there is no room for all.

    Args:
        max_bytes: how much memory they may take; a value that is larger by itself is not kept.
        clock: gives the time, in seconds.

    Raises:
        ValueError: `max_bytes` is not above 0.
    """

    def __init__(self, max_bytes: int = 64 * 1024 * 1024, *, clock: Callable[[], float] = time.monotonic) -> None:
        if not max_bytes > 0:
            raise ValueError(f"max_bytes must be above 0; got {max_bytes}")
        self.max_bytes = max_bytes
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # the one used last comes last
        self._bytes = 0
        self._guard = Guard()

    async def get(self, key: str) -> bytes | None:
        with self._guard:
            kept = self._kept.get(key)
            if kept is None:
                return None
            if kept.expires <= self._clock():
                self._forget(key)
                return None
            self._kept.move_to_end(key)
            return kept.value

    def put(self, key: str, value: bytes, ttl: float | None) -> Awaitable[None]:
        with self._guard:
            self._forget(key)
            if ENTRY_BYTES + len(value) <= self.max_bytes:
                self._kept[key] = _Kept(value, float("inf") if ttl is None else self._clock() + ttl)
                self._bytes += ENTRY_BYTES + len(value)
                while self._bytes > self.max_bytes:
                    self._forget(next(iter(self._kept)))
        return _Done()

    async def delete(self, key: str) -> None:
        with self._guard:
            self._forget(key)

    async def aclose(self) -> None:
        """There is nothing to let go of: what is kept goes with the store itself."""

    @property
    def bytes(self) -> int:
        """How much memory the entries take, about."""
        return self._bytes

    def _forget(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= ENTRY_BYTES + len(kept.value)

    def __len__(self) -> int:
        return len(self._kept)

    def __repr__(self) -> str:
        return f"<MemoryStore of {len(self._kept)} entries, {self._bytes} of {self.max_bytes} bytes>"


class _Done:
    """What is awaited when there is nothing to wait for; unlike a coroutine, it may be left alone."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()

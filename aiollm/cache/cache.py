"""The exact cache that a client is given: a store, its clock, its account; it never fails or delays a call."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import msgspec

from aiollm.cache.entry import Answer, Entry, read_entry, write_entry
from aiollm.cache.memory import MemoryStore
from aiollm.cache.store import CacheStore
from aiollm.core.guard import Guard
from aiollm.providers.registry import Api

__all__ = ["Cache", "CacheStats"]

PUT_SECONDS = 5.0
"""How long a store may take to keep an answer, which no call waits for."""

REST_SECONDS = 5.0
"""How long a store that was too slow is left alone: each call would wait for it in vain."""

_logger = logging.getLogger("aiollm")


class CacheStats(msgspec.Struct, frozen=True):
    """What a cache has done since it was made.

    Attributes:
        hits: answers that were given from it.
        misses: calls that asked it in vain.
        stores: answers that were kept.
        errors: failures of the store, and entries that could not be read.
    """

    hits: int = 0
    misses: int = 0
    stores: int = 0
    errors: int = 0


class Cache:
    """Keeps whole answers, and gives them again to calls that ask exactly the same with the same credentials.

        client = aiollm.Client(cache=aiollm.Cache(aiollm.SQLiteStore("answers.sqlite"), ttl=86400))

    It may be used by several clients, loops and threads at once; so may its store, by several processes where it says
    so. A store that fails is a miss, logged once for each time that it breaks down, and counted.

    Args:
        store: where answers are kept; a `MemoryStore` where none is given.
        ttl: how long they are kept, in seconds; None for as long as there is room.
        namespace: keeps them apart from those of other users of the store, whatever their credentials.
        max_wait: how long a call waits for the store at the most, in seconds.
        clock: gives the time, in seconds since the epoch.

    Raises:
        TypeError: the store is none.
        ValueError: `ttl` or `max_wait` is not above 0.
    """

    def __init__(
        self,
        store: CacheStore | None = None,
        *,
        ttl: float | None = 3600.0,
        namespace: str = "",
        max_wait: float = 0.25,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not ((ttl is None or _is_time(ttl)) and _is_time(max_wait)):
            raise ValueError(f"ttl and max_wait must be above 0 seconds; got {ttl!r} and {max_wait!r}")
        if store is not None and not isinstance(store, CacheStore):  # pyright: ignore[reportUnnecessaryIsInstance]  # users may pass anything
            raise TypeError(f'store must be a store, such as aiollm.SQLiteStore("answers.sqlite"); got {store!r:.100}')
        self.store: CacheStore | MemoryStore = store if store is not None else MemoryStore()
        self.ttl = ttl
        self.namespace = namespace
        self.max_wait = max_wait
        self._clock = clock
        self._counts = {"hits": 0, "misses": 0, "stores": 0, "errors": 0}
        self._guard = Guard()
        self._broken = False
        self._resting_until = 0.0
        self._puts: dict[str, asyncio.Task[None]] = {}

    def stats(self) -> CacheStats:
        """Return what it has done so far."""
        return CacheStats(**self._counts)

    async def find(self, api: Api, key: str, *, max_age: float | None = None, with_usage: bool = False) -> Entry | None:
        """Return the answer that is kept under a key, if there is one that can be read.

        Args:
            api: what it must be an answer of.
            key: the key of the call.
            max_age: the oldest that will do, in seconds.
            with_usage: whether it must have the usage, if the provider tells it.

        Cancelling stops waiting for the store.
        """
        entry = await self._read(api, key)
        if entry is not None:
            too_old = max_age is not None and self._clock() - entry.stored > max_age
            if too_old or (with_usage and entry.lacks_usage):
                entry = None
        self._count("misses" if entry is None else "hits")
        return entry

    def keep(self, api: Api, key: str, answer: Answer, *, ttl: float | None = None, asked_usage: bool = True) -> None:
        """Keep an answer under a key, in the background; on an event loop.

        Args:
            ttl: how long, in seconds; None for as long as the cache says.
            asked_usage: whether the provider was asked for the usage.
        """
        if key in self._puts or self._rests():  # in the first case, calls have shared the answer
            return
        try:
            value = write_entry(api, answer, self._clock(), asked_usage=asked_usage)
            kept = self.store.put(key, value, self.ttl if ttl is None else ttl)
            task = asyncio.get_running_loop().create_task(self._kept(kept))
        except Exception as error:  # noqa: BLE001  # of any store
            self._failed(error)
            return
        self._puts[key] = task
        task.add_done_callback(lambda _: self._puts.pop(key, None))

    async def aclose(self) -> None:
        """Wait until what this loop's calls brought is kept, and let go of the store's files and connections."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(task for task in list(self._puts.values()) if task.get_loop() is loop))
        await self.store.aclose()

    async def _read(self, api: Api, key: str) -> Entry | None:
        if self._rests():
            return None
        loop = asyncio.get_running_loop()
        until = loop.time() + self.max_wait
        put = self._puts.get(key)
        if put is not None and put.get_loop() is loop:  # asked again at once: what has just come is on its way there
            await asyncio.wait([put], timeout=self.max_wait / 2)
        try:
            async with asyncio.timeout_at(until):
                data = await self.store.get(key)
        except Exception as error:  # noqa: BLE001  # of any store
            self._failed(error)
            return None
        self._works()
        entry = None if data is None else read_entry(api, data)
        if data is not None and entry is None:
            self._count("errors")
        return entry

    async def _kept(self, kept: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(PUT_SECONDS):
                await kept
        except Exception as error:  # noqa: BLE001  # of any store
            self._failed(error)
        else:
            self._works()
            self._count("stores")

    def _rests(self) -> bool:
        return time.monotonic() < self._resting_until

    def _failed(self, error: Exception) -> None:
        self._count("errors")
        if isinstance(error, TimeoutError):
            self._resting_until = time.monotonic() + REST_SECONDS
        if not self._broken:
            self._broken = True
            reason = "it was too slow" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
            _logger.warning("the cache fails, and calls go on without it: %s", reason)

    def _works(self) -> None:
        if self._broken:
            self._broken = False
            _logger.info("the cache works again")

    def _count(self, name: str) -> None:
        with self._guard:
            self._counts[name] += 1

    def __repr__(self) -> str:
        return f"<Cache in {self.store!r}>"


def _is_time(seconds: object) -> bool:
    return isinstance(seconds, int | float) and seconds > 0

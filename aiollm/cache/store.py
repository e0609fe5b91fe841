"""What a store of cached answers must be able to do."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, runtime_checkable

__all__ = ["CacheStore", "StoreError"]


class StoreError(Exception):
    """A store cannot be used; the message says which, why, and what to do. No call ever fails with it."""


@runtime_checkable
class CacheStore(Protocol):
    """Keeps values under keys for a time. Bring your own by writing these four methods; `async def` will do.

    A store may forget a value at any time, for want of room among others, and may decline one that is too large. What
    it gives is what was put, whole: a value that was only half written, or whose time is over, is None.

    It may be used from several event loops and threads at once, and by several processes where it says so. It need not
    be quick or reliable: the cache waits for it a fraction of a second at most, and takes whatever it raises (a
    `StoreError` has the best message) for a miss.
    """

    def get(self, key: str) -> Awaitable[bytes | None]:
        """Return the value under a key (64 hexadecimal digits), or None."""
        ...

    def put(self, key: str, value: bytes, ttl: float | None) -> Awaitable[None]:
        """Keep a value, in the place of an earlier one, for `ttl` seconds; None for as long as there is room.

        Where it can, a store has the value in hand when this returns, before it is awaited: the program may be about to
        end, and with it the task that would wait.
        """
        ...

    def delete(self, key: str) -> Awaitable[None]:
        """Forget the value under a key, if there is one."""
        ...

    def aclose(self) -> Awaitable[None]:
        """Let go of files and connections once what was put is written. The store may be used again."""
        ...

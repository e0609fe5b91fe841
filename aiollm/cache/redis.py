"""A store in a Redis server, which processes on several machines may use at once."""

from __future__ import annotations

from typing import cast

from aiollm.cache.redis_commands import RedisCommands
from aiollm.core.redis.link import Server

__all__ = ["RedisStore"]


class RedisStore:
    """Keeps values in a Redis server, as long as they last and the server has room (`maxmemory`, `maxmemory-policy`).

    Each event loop has its own connections, which are opened when they are used and closed with the loop. While the
    server cannot be reached nothing is waited for: reads and writes fail at once, and a cache takes that for a miss.

    Args:
        server: a URL (`redis://`, `rediss://` or `unix://`), or a function that returns a client of redis-py's asyncio.
        max_value_bytes: a value larger than this is not kept.
        prefix: what all keys begin with on the server.

    Raises:
        ImportError: redis-py is not installed (the extra `redis`).
        ValueError: the URL is none, or `max_value_bytes` is not above 0.
    """

    def __init__(self, server: Server, *, max_value_bytes: int = 1024 * 1024, prefix: str = "aiollm:cache:") -> None:
        if not max_value_bytes > 0:
            raise ValueError(f"max_value_bytes must be above 0; got {max_value_bytes}")
        self._commands = RedisCommands(server)
        self.max_value_bytes = max_value_bytes
        self.prefix = prefix

    async def get(self, key: str) -> bytes | None:
        return cast("bytes | None", await self._commands.run(("GET", self.prefix + key)))

    async def put(self, key: str, value: bytes, ttl: float | None) -> None:
        if len(value) > self.max_value_bytes:
            await self.delete(key)
            return
        lasting: tuple[str | int, ...] = () if ttl is None else ("PX", max(1, round(ttl * 1000)))
        await self._commands.run(("SET", self.prefix + key, value, *lasting))

    async def delete(self, key: str) -> None:
        await self._commands.run(("DEL", self.prefix + key))

    async def aclose(self) -> None:
        """Close the running loop's connections. They are opened again when the store is used again."""
        await self._commands.aclose()

    def __repr__(self) -> str:
        return f"<RedisStore in {self._commands.address}>"

"""Results in a Redis server, which the workers of a cluster use at once."""

from __future__ import annotations

from typing import cast

from aiollm.cache.redis_commands import RedisCommands
from aiollm.core.redis.link import Server

__all__ = ["RedisResults"]

PATIENCE_SECONDS = 30.0
"""How long a server that cannot be reached is waited for: the answer that is to be kept is paid for."""


class RedisResults:
    """Keeps results in a Redis server, under a name: each key once, whoever asked for it, and however often.

    The answers are the hash `aiollm:results:{name}`, of keys and the lines of an output file of the batch API; the
    errors of requests without an answer are the hash `aiollm:results:{name}:failed`. They stay until they are deleted.
    The server has to have room for all of them, must not evict them (`maxmemory-policy noeviction`), and has them after
    a crash of its own only if it writes them down (`appendonly yes`).

    Each event loop has its own connections, which are opened when they are used and closed with the loop. A server that
    cannot be reached is waited for half a minute.

    Args:
        server: a URL (`redis://`, `rediss://` or `unix://`), or a function that returns a client of redis-py's asyncio.
        name: of the results on that server.

    Raises:
        ImportError: redis-py is not installed (the extra `redis`).
        ValueError: the URL is none.
    """

    def __init__(self, server: Server, *, name: str) -> None:
        self._commands = RedisCommands(server, PATIENCE_SECONDS)
        self.name = name
        self._answers = f"aiollm:results:{{{name}}}"  # the braces keep both on one server of a Redis cluster
        self._failures = f"{self._answers}:failed"

    async def find(self, key: str) -> bytes | None:
        return cast("bytes | None", await self._commands.run(("HGET", self._answers, key)))

    async def put(self, key: str, line: bytes, answered: bool) -> None:
        if answered:
            await self._commands.run(("HSET", self._answers, key, line), ("HDEL", self._failures, key))
        else:
            await self._commands.run(("HSET", self._failures, key, line))

    async def aclose(self) -> None:
        await self._commands.aclose()

    def __repr__(self) -> str:
        return f"<RedisResults {self.name!r} in {self._commands.address}>"

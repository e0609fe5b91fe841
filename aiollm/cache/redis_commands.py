"""Commands to a Redis server that keeps things for us, and what it says to them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiollm.cache.store import StoreError
from aiollm.core.redis.link import RedisLink, RedisUnavailable, Server

__all__ = ["Command", "RedisCommands"]

Command = tuple[str | bytes | int, ...]
"""The name of a command, and its arguments."""

CALL_SECONDS = 5.0
"""How long commands may take."""

PAUSE_SECONDS = 0.02


class RedisCommands:
    """Runs commands on a server, from any event loop; what it says is not decoded.

    Args:
        server: a URL (`redis://`, `rediss://` or `unix://`), or a function that returns a client of redis-py's asyncio.
        patience: for how many seconds commands are sent again while the server cannot be reached.

    Raises:
        ImportError: redis-py is not installed (the extra `redis`).
        ValueError: the URL is none.
    """

    def __init__(self, server: Server, patience: float = 0.0) -> None:
        self._link = RedisLink(server, seconds=CALL_SECONDS)
        self._patience = patience
        self.address: str = self._link.address

    async def run(self, *commands: Command) -> Any:
        """Run commands, several as one transaction, and return what the server says to the last.

        Raises:
            StoreError: the server cannot be reached, or refuses.
        """
        until = time.monotonic() + self._patience
        while True:
            try:
                return await self._said(commands)
            except RedisUnavailable as failure:
                pause = max(PAUSE_SECONDS, self._link.pause)
                if time.monotonic() + pause > until:
                    raise StoreError(str(failure)) from failure
                await asyncio.sleep(pause)

    async def aclose(self) -> None:
        """Close the running loop's connections. They are opened again when they are needed again."""
        await self._link.aclose()

    async def _said(self, commands: tuple[Command, ...]) -> Any:
        from redis.exceptions import ResponseError

        async def run(client: Any) -> Any:
            try:
                if len(commands) == 1:
                    return await client.execute_command(*commands[0], NEVER_DECODE=True)
                async with client.pipeline(transaction=True) as transaction:
                    for command in commands:
                        transaction.execute_command(*command)
                    return (await transaction.execute())[-1]
            except ResponseError as refusal:  # an answer, which says nothing against the next command
                return refusal

        answer = await self._link.call(run)
        if isinstance(answer, ResponseError):
            raise StoreError(f"{self.address} refused {commands[0][0]!s}: {answer}") from answer
        return answer

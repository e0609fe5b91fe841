"""A Redis server, reached from any event loop and never waited for long."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from aiollm.core.runtime import Runtime

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["RedisLink", "RedisUnavailable", "Server"]

T = TypeVar("T")

Server: TypeAlias = "str | Callable[[], Redis]"
"""A URL (`redis://`, `rediss://` or `unix://`), or a function that makes a client of redis-py, one for each loop."""

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
"""Seconds until the server is tried again after a failure: doubled each time, and jittered."""

_logger = logging.getLogger("aiollm")


class RedisUnavailable(Exception):
    """The server did not answer in time, or not as it should; the text says where and why."""


class RedisLink:
    """The way to one server: a pool of connections for each event loop, which closes them at its end.

    After a failure all commands are refused at once for a while, so that a server that is gone costs no time.

    Args:
        server: where it is.
        seconds: how long one command may take, a new connection included.
        meanwhile: what it means that the server cannot be reached, for the log; None where its user logs that.

    Raises:
        ImportError: redis-py is not installed.
        ValueError: the URL is none.
    """

    def __init__(self, server: Server, *, seconds: float, meanwhile: str | None = None) -> None:
        try:
            import redis.asyncio
            from redis.asyncio.connection import parse_url
        except ImportError:
            raise ImportError(
                "Redis is spoken by redis-py, which is not installed: pip install 'aiollm[redis]'", name="redis"
            ) from None
        self._seconds = seconds
        self._meanwhile = meanwhile
        if isinstance(server, str):
            parse_url(server)
            kind: Any = redis.asyncio.Redis  # it does not type all of its arguments
            self._make: Callable[[], Redis] = lambda: kind.from_url(server)
            self.address: str = _address(server)
        else:
            self._make = server
            self.address = "Redis"
        self._failures = 0
        self._closed_until = 0.0
        self.failure: str | None = None

    @property
    def pause(self) -> float:
        """For how many seconds commands are refused without being sent."""
        return max(0.0, self._closed_until - time.monotonic())

    async def call(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        """Run a command with the running loop's client and return its result.

        Cancelling closes the connection that the command was sent on.

        Raises:
            RedisUnavailable: it failed, or one has failed a moment ago.
        """
        if self.failure is not None and self.pause:
            raise RedisUnavailable(self.failure)
        client = Runtime.current().keep(self, self._make)
        cancellations = _cancellations()
        try:
            async with asyncio.timeout(self._seconds):
                result = await command(client)
        except Exception as error:
            _raise_cancellation(cancellations)
            raise self._failed(error) from error
        _raise_cancellation(cancellations)
        self._recovered()
        return result

    async def aclose(self) -> None:
        """Close the running loop's connections."""
        await Runtime.current().drop(self)

    def _failed(self, error: Exception) -> RedisUnavailable:
        late = isinstance(error, TimeoutError)
        reason = f"no answer within {self._seconds:g} s" if late else f"{type(error).__name__}: {error}"
        if self.failure is None and self._meanwhile is not None:
            _logger.warning("%s cannot be used (%s); %s", self.address, reason, self._meanwhile)
        self.failure = f"{self.address} cannot be used: {reason}"
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._failures, 10))
        self._closed_until = time.monotonic() + longest * random.uniform(0.5, 1)  # noqa: S311 - a jitter is no secret
        self._failures += 1
        return RedisUnavailable(self.failure)

    def _recovered(self) -> None:
        if self.failure is not None:
            self.failure = None
            self._failures = 0
            if self._meanwhile is not None:
                _logger.info("%s can be used again", self.address)

    def __repr__(self) -> str:
        return f"<RedisLink to {self.address}, {'down' if self.failure else 'up'}>"


def _cancellations() -> int:
    """Return how often the running task was asked to end."""
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


def _raise_cancellation(before: int) -> None:
    """Raise a cancellation that came since and was dropped.

    Up to Python 3.11 `asyncio.wait_for`, which redis-py sends by, drops one that comes just as it ends.
    """
    if _cancellations() > before:
        raise asyncio.CancelledError


def _address(url: str) -> str:
    """Return where a URL leads to, without its credentials."""
    parts = urlsplit(url)
    return f"Redis at {parts.path if parts.scheme == 'unix' else f'{parts.hostname}:{parts.port or 6379}'}"

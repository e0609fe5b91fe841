"""PostgreSQL, by asyncpg alone.

The statements are few and the same for both databases: a layer that writes them for each would add two packages
(SQLAlchemy, greenlet) and spare no statement.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from aiollm.proxy.ledger.schema import create_tables
from aiollm.proxy.ledger.script import Script, numbered
from aiollm.proxy.ledger.unavailable import StoreUnavailable
from aiollm.types.secret import Secret

__all__ = ["PostgresDatabase"]

T = TypeVar("T")

MOST_CONNECTIONS = 4
"""One writes, one watches for changes; the others are for those who ask for sums."""

CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 30.0

_CREATE_LOCK = 0x61696F6C6C6D
"""Two processes that make the same table at once would fail: this lock lets them do it in turn."""


class PostgresDatabase:
    """A database at an address; it is connected to when it is first used, and again after it was gone.

    Args:
        url: its address.
        most_connections: how many this worker may have.
    """

    def __init__(self, url: Secret, most_connections: int = MOST_CONNECTIONS) -> None:
        self._url = url
        self._most = most_connections
        self._pool: Any = None  # asyncpg says few of its types
        self._opening = asyncio.Lock()

    async def run(self, script: Script[T]) -> T:
        """Run a script as one transaction. Cancelling takes it back.

        Raises:
            ImportError: asyncpg is not installed.
            StoreUnavailable: the database cannot be used.
        """
        failures: tuple[type[Exception], ...] = (OSError, TimeoutError, *_failures())
        try:
            pool = await self._opened()
            async with pool.acquire() as connection:
                return await _transact(connection, script)
        except failures as error:
            fault = str(error) or type(error).__name__
        # Its own chain holds the address, and in it the password.
        raise StoreUnavailable(f"PostgreSQL cannot be used: {fault}")

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    async def _opened(self) -> Any:
        async with self._opening:
            if self._pool is None:
                self._pool = await self._open()
            return self._pool

    async def _open(self) -> Any:
        from asyncpg import create_pool  # pyright: ignore[reportUnknownVariableType]  # its parameters have no types

        pool: Any = await create_pool(
            str(self._url.reveal()),
            min_size=0,
            max_size=self._most,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
        )
        try:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", _CREATE_LOCK)
                for text, _ in create_tables(by_key=True):
                    await connection.execute(text)
        except BaseException:
            pool.terminate()
            raise
        return pool


def _failures() -> tuple[type[Exception], ...]:
    try:
        from asyncpg import InterfaceError, InternalClientError, PostgresError
    except ImportError:
        raise ImportError("a database_url of PostgreSQL needs asyncpg: pip install 'aiollm[postgres]'") from None
    return InterfaceError, InternalClientError, PostgresError


async def _transact(connection: Any, script: Script[T]) -> T:
    async with connection.transaction():
        try:
            work = script()
            text, values = next(work)
            while True:
                text, values = work.send(await connection.fetch(numbered(text), *values))
        except StopIteration as end:
            value: T = end.value
            return value

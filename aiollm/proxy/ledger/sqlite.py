"""SQLite: one connection in one thread, so that scripts run one after the other and the event loop never waits.

Write-ahead logging lets several worker processes share the file; a writer waits for another's transaction.
"""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from aiollm.cache.sqlite_file import write_ahead
from aiollm.proxy.ledger.schema import create_tables
from aiollm.proxy.ledger.script import Script
from aiollm.proxy.ledger.unavailable import StoreUnavailable

__all__ = ["SqliteDatabase"]

T = TypeVar("T")

BUSY_SECONDS = 10.0
"""How long a transaction waits for that of another process."""


class SqliteDatabase:
    """A database in a file, or in memory for `:memory:`.

    The thread opens it at once: a new file takes half a dozen writes through to the disk, 27 ms, in which a process
    that starts has other things to do. The first script tells what went wrong.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="aiollm-sqlite")
        self._connection: sqlite3.Connection | None = None
        self._opening: Future[sqlite3.Connection] | None = self._thread.submit(self._connect)

    async def run(self, script: Script[T]) -> T:
        """Run a script as one transaction. Cancelling lets it come to its end."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, script)

    async def close(self) -> None:
        """Close the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _run(self, script: Script[T]) -> T:
        try:
            if self._connection is None:
                self._connection = self._opened()
            return _transact(self._connection, script)
        except sqlite3.Error as error:
            self._close()
            raise StoreUnavailable(f"SQLite cannot use {self._file}: {error}") from error

    def _opened(self) -> sqlite3.Connection:
        """Return the connection that has been opened since the start, or after a fault another."""
        opening, self._opening = self._opening, None
        return self._connect() if opening is None else opening.result()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=BUSY_SECONDS, isolation_level=None)
        write_ahead(connection, BUSY_SECONDS)
        # A statement of many rows keeps the pages it changes until it is done: in a file, that was half of all writing.
        connection.execute("PRAGMA temp_store = MEMORY")
        _transact(connection, partial(create_tables, by_key=False))
        return connection

    def _close(self) -> None:
        if self._opening is not None:
            with suppress(sqlite3.Error):
                self._connection = self._opened()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _transact(connection: sqlite3.Connection, script: Script[T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        work = script()
        statement = next(work)
        while True:
            statement = work.send(connection.execute(*statement).fetchall())
    except StopIteration as end:
        connection.execute("COMMIT")
        value: T = end.value
        return value
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise

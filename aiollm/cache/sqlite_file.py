"""A connection to an SQLite file that holds cached answers: opened late, marked as ours, opened again after a fault."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aiollm.cache.lane import Lane
from aiollm.cache.store import StoreError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SQLiteFile", "is_full"]

T = TypeVar("T")

APPLICATION_ID = 0x61696F6C
"""Marks the file as ours ("aiol"), at the place that the file format has for it."""

SCHEMA_VERSION = 1

BUSY_SECONDS = 1.0
"""How long a write waits for those of other processes."""

LOG_BYTES = 16 * 1024 * 1024
"""How large the write-ahead log stays after a burst of writes."""

# Of https://www.sqlite.org/rescode.html, because the module itself is loaded when it is needed.
_BUSY, _CORRUPT, _FULL, _NOT_A_DATABASE = 5, 11, 13, 26

_SCHEMA = (
    "CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires REAL)",
    "CREATE INDEX by_expiry ON entries (expires) WHERE expires IS NOT NULL",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


class SQLiteFile:
    """One connection, which does one piece of work at a time, off every event loop.

    Args:
        path: the file.
        max_bytes: how large it may grow; beyond, writes fail with `SQLITE_FULL`.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._inherited: list[sqlite3.Connection | None] = []  # by a fork: theirs to close is the parent's
        self._start()

    def _start(self) -> None:
        self._process = os.getpid()
        self._lane = Lane()
        self._connection: sqlite3.Connection | None = None

    def run(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Hand over a piece of work with the connection, which is opened if need be; what it raises ends it.

        Raises (where the result is awaited):
            StoreError: the file is none of ours, is damaged, or cannot be read or written.
        """
        if self._process != os.getpid():
            self._inherited.append(self._connection)
            self._start()
        return self._lane.run(lambda: self._do(work))

    async def aclose(self) -> None:
        """Close the connection once the work before is done."""
        if self._process == os.getpid():
            await self._lane.run(self._close)

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = self._opened()
            return work(self._connection)
        except StoreError:
            raise
        except Exception as error:
            if _code(error) not in (_BUSY, _FULL):  # the file may have been replaced by the next time
                self._close()
            raise self._explained(error) from error

    def _opened(self) -> sqlite3.Connection:
        import sqlite3

        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")  # processes that start together make the tables once
        if _number(connection, "application_id") == 0 and _number(connection, "schema_version") == 0:
            for statement in _SCHEMA:
                connection.execute(statement)
        connection.execute("COMMIT")
        found = _number(connection, "application_id"), _number(connection, "user_version")
        if found != (APPLICATION_ID, SCHEMA_VERSION):
            raise StoreError(
                f"{self._path} is an SQLite file of another program, or of another version of this one; give the cache "
                "a file of its own"
            )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
        connection.execute(f"PRAGMA max_page_count = {self._max_bytes // _number(connection, 'page_size')}")

    def _explained(self, error: Exception) -> StoreError:
        if _code(error) in (_CORRUPT, _NOT_A_DATABASE):
            return StoreError(
                f"the cache {self._path} is damaged, or no SQLite file ({error}); delete it, and the files beside it "
                "that end in -wal and -shm"
            )
        return StoreError(f"the cache {self._path} cannot be used: {error}")

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __del__(self) -> None:
        if self._process == os.getpid():
            self._close()


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (value,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)


def is_full(error: Exception) -> bool:
    """Whether a write failed because the file is as large as it may grow."""
    return _code(error) == _FULL


def _code(error: Exception) -> int | None:
    """Return SQLite's primary result code; the error may have an extended one."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF

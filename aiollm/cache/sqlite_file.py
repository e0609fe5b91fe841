"""A connection to an SQLite file of this package: opened late, marked as ours, opened again after a fault."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from aiollm.cache.lane import Lane
from aiollm.cache.store import StoreError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["FileKind", "SQLiteFile", "is_full", "write_ahead"]

T = TypeVar("T")

LOG_BYTES = 16 * 1024 * 1024
"""How large the write-ahead log stays after a burst of writes."""

# Of https://www.sqlite.org/rescode.html, because the module itself is loaded when it is needed.
_BUSY, _CORRUPT, _FULL, _NOT_A_DATABASE = 5, 11, 13, 26
_BUSY_PAUSE_SECONDS = 0.01


class FileKind(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds.

    Attributes:
        name: what messages call it.
        application_id: marks the file as ours, at the place that the file format has for it.
        version: of the schema.
        schema: the statements that make its tables.
        busy_seconds: how long a write waits for those of other processes.
    """

    name: str
    application_id: int
    version: int
    schema: tuple[str, ...]
    busy_seconds: float


class SQLiteFile:
    """One connection, which does one piece of work at a time, off every event loop.

    Args:
        path: the file.
        kind: what it holds.
        max_bytes: how large it may grow; beyond, writes fail with `SQLITE_FULL`. None for any size.
    """

    def __init__(self, path: Path, kind: FileKind, max_bytes: int | None = None) -> None:
        self._path = path
        self._kind = kind
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

        busy = self._kind.busy_seconds
        connection = sqlite3.connect(self._path, timeout=busy, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")  # processes that start together make the tables once
        if _number(connection, "application_id") == 0 and _number(connection, "schema_version") == 0:
            for statement in self._kind.schema:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {self._kind.application_id}")
            connection.execute(f"PRAGMA user_version = {self._kind.version}")
        connection.execute("COMMIT")
        found = _number(connection, "application_id"), _number(connection, "user_version")
        if found != (self._kind.application_id, self._kind.version):
            raise StoreError(
                f"{self._path} is an SQLite file of another program, or of another version of this one; give the "
                f"{self._kind.name} a file of its own"
            )
        write_ahead(connection, self._kind.busy_seconds)
        connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
        if self._max_bytes is not None:
            connection.execute(f"PRAGMA max_page_count = {self._max_bytes // _number(connection, 'page_size')}")

    def _explained(self, error: Exception) -> StoreError:
        if _code(error) in (_CORRUPT, _NOT_A_DATABASE):
            return StoreError(
                f"the {self._kind.name} {self._path} is damaged, or no SQLite file ({error}); move it "
                "away, and with it the files beside it that end in -wal and -shm"
            )
        return StoreError(f"the {self._kind.name} {self._path} cannot be used: {error}")

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __del__(self) -> None:
        if self._process == os.getpid():
            self._close()


def write_ahead(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Have changes written to a log first, so that several processes can use the file; this blocks.

    Unlike a transaction, the change of the mode does not wait by itself for what other processes do.
    """
    import sqlite3

    until = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if _code(error) != _BUSY or time.monotonic() > until:
                raise
            time.sleep(_BUSY_PAUSE_SECONDS)
    connection.execute("PRAGMA synchronous = NORMAL")


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

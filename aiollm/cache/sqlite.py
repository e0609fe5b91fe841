"""A store in a file, which several processes may use at once."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aiollm.cache.sqlite_file import FileKind, SQLiteFile, is_full

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SQLiteStore"]

LEAST_BYTES = 1024 * 1024

_KIND = FileKind(
    name="cache",
    application_id=0x61696F6C,  # "aiol"
    version=1,
    schema=(
        "CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires REAL)",
        "CREATE INDEX by_expiry ON entries (expires) WHERE expires IS NOT NULL",
    ),
    busy_seconds=1.0,
)

_SWEPT_AT_ONCE = 100
_TRIES = 10  # to make room for a value


class SQLiteStore:
    """Keeps values in an SQLite file (in write-ahead mode), and the latest of them where there is no room for all.

    Reads and writes have a connection each, so that a read never waits for a write; both work off the event loop.
    Nothing is opened before it is used. A power cut may cost the last entries, never the file.

    Args:
        path: the file; it is made if need be, its folder is not. Two more are beside it while it is in use.
        max_bytes: how large the file may grow; when it is full, the oldest entries make room. A value larger than a
            quarter of it is not kept.
        clock: gives the time, in seconds since the epoch.

    Raises:
        ValueError: `max_bytes` is below 1 MiB.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        max_bytes: int = 1024 * 1024 * 1024,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not max_bytes >= LEAST_BYTES:
            raise ValueError(f"max_bytes must be at least 1 MiB ({LEAST_BYTES}); got {max_bytes}")
        self.path: Path = Path(path)
        self.max_bytes = max_bytes
        self._clock = clock
        self._reads = SQLiteFile(self.path, _KIND, max_bytes)
        self._writes = SQLiteFile(self.path, _KIND, max_bytes)

    def get(self, key: str) -> Awaitable[bytes | None]:
        return self._reads.run(lambda connection: _read(connection, key, self._clock()))

    def put(self, key: str, value: bytes, ttl: float | None) -> Awaitable[None]:
        if len(value) > self.max_bytes // 4:
            return self.delete(key)
        now = self._clock()
        expires = None if ttl is None else now + ttl
        return self._writes.run(lambda connection: _write(connection, (key, value, expires), now))

    def delete(self, key: str) -> Awaitable[None]:
        return self._writes.run(lambda connection: _delete(connection, key))

    async def aclose(self) -> None:
        """Close the file once what was put is written. It is opened again when the store is used again."""
        await self._writes.aclose()
        await self._reads.aclose()

    def __repr__(self) -> str:
        return f"<SQLiteStore {self.path}>"


def _read(connection: sqlite3.Connection, key: str, now: float) -> bytes | None:
    query = "SELECT value FROM entries WHERE key = ? AND (expires IS NULL OR expires > ?)"
    row = connection.execute(query, (key, now)).fetchone()
    return None if row is None else row[0]


def _write(connection: sqlite3.Connection, entry: tuple[str, bytes, float | None], now: float) -> None:
    expired = "SELECT rowid FROM entries WHERE expires <= ? LIMIT ?"  # some at each write, so that none takes long
    connection.execute(f"DELETE FROM entries WHERE rowid IN ({expired})", (now, _SWEPT_AT_ONCE))  # noqa: S608
    for _ in range(_TRIES):
        try:
            # A row that takes another's place gets a new number: the lowest are the oldest.
            connection.execute("INSERT OR REPLACE INTO entries (key, value, expires) VALUES (?, ?, ?)", entry)
        except Exception as error:
            if not is_full(error):
                raise
            _make_room(connection)
        else:
            return


def _make_room(connection: sqlite3.Connection) -> None:
    """Remove the oldest tenth."""
    (count,) = connection.execute("SELECT count(*) FROM entries").fetchone()
    oldest = "SELECT rowid FROM entries ORDER BY rowid LIMIT ?"
    connection.execute(f"DELETE FROM entries WHERE rowid IN ({oldest})", (count // 10 + 1,))  # noqa: S608


def _delete(connection: sqlite3.Connection, key: str) -> None:
    connection.execute("DELETE FROM entries WHERE key = ?", (key,))

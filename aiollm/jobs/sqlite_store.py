"""Results in an SQLite file, which several processes may use at once."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING

from aiollm.cache.sqlite_file import FileKind, SQLiteFile

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SQLiteResults"]

_KIND = FileKind(
    name="store of results",
    application_id=0x61696F6A,  # "aioj"
    version=1,
    schema=("CREATE TABLE results (key TEXT PRIMARY KEY, answered INTEGER NOT NULL, line BLOB NOT NULL)",),
    busy_seconds=30.0,
)


class SQLiteResults:
    """Keeps results in an SQLite file (in write-ahead mode): `results (key, answered, line)`.

    A power cut may cost the last results, never the file; the end of the process costs nothing.

    Args:
        path: the file; it is made if need be, its folder is not. Two more are beside it while it is in use.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path)
        self._file = SQLiteFile(self.path, _KIND)

    def find(self, key: str) -> Awaitable[bytes | None]:
        return self._file.run(lambda connection: _find(connection, key))

    def put(self, key: str, line: bytes, answered: bool) -> Awaitable[None]:
        return self._file.run(lambda connection: _put(connection, key, line, answered))

    async def aclose(self) -> None:
        await self._file.aclose()

    def __repr__(self) -> str:
        return f"<SQLiteResults {self.path}>"


def _find(connection: sqlite3.Connection, key: str) -> bytes | None:
    row = connection.execute("SELECT line FROM results WHERE key = ? AND answered", (key,)).fetchone()
    return None if row is None else row[0]


def _put(connection: sqlite3.Connection, key: str, line: bytes, answered: bool) -> None:
    connection.execute("INSERT OR REPLACE INTO results (key, answered, line) VALUES (?, ?, ?)", (key, answered, line))

"""A database that runs scripts: which one, and what is said when it cannot be reached."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, TypeVar

from aiollm.proxy.ledger.postgres import PostgresDatabase
from aiollm.proxy.ledger.script import Script
from aiollm.proxy.ledger.sqlite import SqliteDatabase
from aiollm.types.secret import Secret

__all__ = ["Database", "open_database"]

T = TypeVar("T")


class Database(Protocol):
    """Runs scripts, each as one transaction."""

    async def run(self, script: Script[T]) -> T:
        """Run a script, and return what it returns.

        Raises:
            StoreUnavailable: the database cannot be reached, or broke off; the work may or may not have been done.

        Cancelling lets a transaction that has begun come to its end, or takes it back; never half of it stays.
        """
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


def open_database(url: Secret | None, file: Path, *, most_connections: int | None = None) -> Database:
    """Return the database of an address, which is connected to by the first script, or else the file, opened at once.

    Args:
        url: `postgresql://...`; None for SQLite.
        file: SQLite's file.
        most_connections: how many connections to a server this worker may have, where that is said.

    Raises:
        ValueError: the address is of no database that is known.
    """
    if url is None:
        return SqliteDatabase(file)
    scheme = url.reveal().partition("://")[0]
    if scheme not in ("postgresql", "postgres"):
        raise ValueError("database_url must begin with postgresql://; without it the proxy keeps a file of its own")
    return PostgresDatabase(url) if most_connections is None else PostgresDatabase(url, most_connections)

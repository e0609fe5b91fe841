"""What a store of results must be able to do, and which one a path means."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from pathlib import Path
from typing import Protocol

from aiollm.jobs.jsonl_store import JSONLResults
from aiollm.jobs.sqlite_store import SQLiteResults

__all__ = ["JobStore", "store_at"]

_KINDS: dict[str, type[JSONLResults | SQLiteResults]] = {
    ".jsonl": JSONLResults,
    ".ndjson": JSONLResults,
    ".sqlite": SQLiteResults,
    ".sqlite3": SQLiteResults,
    ".db": SQLiteResults,
}


class JobStore(Protocol):
    """Keeps the results of jobs under the keys of their requests.

    What was put is there when the put is over, and stays if the process is killed after that.
    """

    def find(self, key: str) -> Awaitable[bytes | None]:
        """Return the line of an answered request, or None.

        Raises:
            StoreError: the store cannot be read.
        """
        ...

    def put(self, key: str, line: bytes, answered: bool) -> Awaitable[None]:
        """Keep the line of a request that has ended, in the place of an earlier one.

        Raises:
            StoreError: the store cannot be written to.
        """
        ...

    def aclose(self) -> Awaitable[None]:
        """Let go of files once what was put is written. The store may be used again."""
        ...


def store_at(place: JobStore | str | os.PathLike[str]) -> JobStore:
    """Return a store, or the one in the file of a path.

    Raises:
        ValueError: the path has another ending than .jsonl and .sqlite.
    """
    if not isinstance(place, str | os.PathLike):
        return place
    path = Path(place)
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path}: results are kept in files named {', '.join(_KINDS)}")
    return kind(path)

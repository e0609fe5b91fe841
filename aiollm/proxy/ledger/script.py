"""Work on a database without the database: a script gives statements, and is sent the rows of each.

A driver runs a script as one transaction: SQLite's in its thread, PostgreSQL's on the event loop. So what is asked of a
database is written once, and what asks it knows nothing of keys or money. Statements are fixed texts with `?` for every
value (CVE-2026-42208: SQL was made of a header's text).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, TypeVar

__all__ = ["Rows", "Script", "Statement", "numbered"]

T = TypeVar("T")

Rows = Sequence[Sequence[Any]]
Statement = tuple[str, Sequence[Any]]
"""A text with `?` in the place of values, and these."""

Script = Callable[[], Generator[Statement, Rows, T]]
"""Begins the work anew each time it is called: a transaction may have to be tried again."""


@lru_cache(maxsize=2048)
def numbered(text: str) -> str:
    """Return a statement as PostgreSQL has it, with `$1`, `$2`... for its values."""
    parts, numbers = text.split("?"), count(1)
    return parts[0] + "".join(f"${next(numbers)}{part}" for part in parts[1:])

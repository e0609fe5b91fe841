"""Rows of spend that the store could not take yet, in a file: they outlast the process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from aiollm.proxy.ledger.row import SpendRow

__all__ = ["Spool"]


class Spool:
    """Rows in a file, one a line, oldest first.

    Args:
        file: the file; of this process alone.
        most_bytes: how long it may grow.
    """

    def __init__(self, file: Path, most_bytes: int) -> None:
        self._file = file
        self._most_bytes = most_bytes
        self.size: int = file.stat().st_size if file.exists() else 0

    @property
    def full(self) -> bool:
        """Whether nothing more may be added."""
        return self.size >= self._most_bytes

    def add(self, rows: Sequence[SpendRow]) -> None:
        """Add rows, and wait until the disk has them."""
        data = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
        with self._file.open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self.size += len(data)

    def rows(self) -> list[SpendRow]:
        """Return all rows. A line that was cut off by the end of a process is no row."""
        if not self.size:
            return []
        rows: list[SpendRow] = []
        for line in self._file.read_bytes().splitlines():
            try:
                rows.append(msgspec.json.decode(line, type=SpendRow))
            except ValueError:
                continue
        return rows

    def clear(self) -> None:
        """Forget all rows: the store has them."""
        self._file.unlink(missing_ok=True)
        self.size = 0

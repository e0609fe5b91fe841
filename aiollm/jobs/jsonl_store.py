"""Results in a file of JSON lines, which one process at a time writes to."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

from aiollm.cache.lane import Lane
from aiollm.cache.store import StoreError
from aiollm.jobs.record import label_of

__all__ = ["JSONLResults"]

LOCK_SECONDS = 1.0
"""How long a file that another run has is waited for: one that was left may still be closing it."""


class JSONLResults:
    """Keeps results in a file of JSON lines, those of an output file of OpenAI's batch API.

    When the file is opened again, a last line that was only half written is dropped, and so are those of requests that
    have failed, which are asked anew. A power cut may cost the last results; the end of the process costs nothing.

    Which keys the file has is kept in a temporary database, so that the memory it takes does not grow with the file.

    Args:
        path: the file; it is made if need be, its folder is not.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path)
        self._lane = Lane()
        self._open: _OpenFile | None = None

    def find(self, key: str) -> Awaitable[bytes | None]:
        return self._lane.run(lambda: self._opened().find(key))

    def put(self, key: str, line: bytes, answered: bool) -> Awaitable[None]:
        return self._lane.run(lambda: self._opened().put(key, line, answered))

    async def aclose(self) -> None:
        await self._lane.run(self._close)

    def _opened(self) -> _OpenFile:
        if self._open is None:
            try:
                self._open = _OpenFile(self.path)
            except OSError as error:
                raise StoreError(f"the results {self.path} cannot be opened: {error.strerror or error}") from error
        return self._open

    def _close(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            opened.close()

    def __del__(self) -> None:
        self._close()

    def __repr__(self) -> str:
        return f"<JSONLResults {self.path}>"


class _OpenFile:
    """The file, locked, with every line whole and an answer in each; and where each key's line is."""

    def __init__(self, path: Path) -> None:
        import sqlite3

        self._path = path
        self._file = _locked(path)  # first: where it fails, nothing else is open
        self._places = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        try:
            self._places.execute(
                "CREATE TABLE places (key TEXT PRIMARY KEY, offset INTEGER, length INTEGER) WITHOUT ROWID"
            )
            if not self._read():
                self._rewrite()
        except BaseException:
            self.close()
            raise

    def find(self, key: str) -> bytes | None:
        place = self._places.execute("SELECT offset, length FROM places WHERE key = ?", (key,)).fetchone()
        if place is None:
            return None
        offset, length = place
        self._file.seek(offset)
        return self._file.read(length)

    def put(self, key: str, line: bytes, answered: bool) -> None:
        offset = self._file.seek(0, os.SEEK_END)
        try:
            left = memoryview(line + b"\n")
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(offset)
            raise StoreError(f"a result cannot be written to {self._path}: {error.strerror or error}") from error
        if answered:
            self._note(key, offset, len(line))

    def close(self) -> None:
        self._file.close()
        self._places.close()

    def _note(self, key: str, offset: int, length: int) -> None:
        self._places.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (key, offset, length))

    def _read(self) -> bool:
        """Note where the lines are; return whether all of them may stay."""
        self._places.execute("BEGIN")
        self._places.execute("DELETE FROM places")
        stay, offset = True, 0
        self._file.seek(0)
        for line, key in self._labelled():
            if key is None:
                stay = False
            else:
                stay = stay and line.endswith(b"\n")
                self._note(key, offset, len(line.rstrip(b"\r\n")))
            offset += len(line)
        self._places.execute("COMMIT")
        return stay

    def _labelled(self) -> Iterator[tuple[bytes, str | None]]:
        """Yield the lines from here on, each with its key; None with those that have no answer.

        Raises:
            StoreError: a line is none of ours, and more than a last one that was half written.
        """
        with open(self._file.fileno(), "rb", closefd=False) as reader:
            for number, line in enumerate(reader, 1):
                try:
                    label = label_of(line)
                except ValueError as error:
                    torn = not line.endswith(b"\n") and line.startswith(b'{"id":"batch_req_'[: len(line)])
                    if torn:
                        yield line, None
                        return
                    raise StoreError(
                        f"line {number} of {self._path} is no result ({error}): the file is another one, or damaged; "
                        "give the results a file of their own, or take the line out"
                    ) from error
                yield line, label.custom_id if label.answered else None

    def _rewrite(self) -> None:
        """Put a file with the answers alone in the place of this one. Killed meanwhile, the old one is still there."""
        new_path = self._path.with_name(self._path.name + ".new")
        new = _locked(new_path)
        try:
            new.truncate(0)
            self._file.seek(0)
            for line, key in self._labelled():
                if key is not None:
                    new.write(line.rstrip(b"\r\n") + b"\n")
            os.fsync(new.fileno())
            new_path.replace(self._path)
        except BaseException:
            new.close()
            raise
        self._file.close()
        self._file = new
        self._read()


def _locked(path: Path) -> FileIO:
    """Open a file for reading and writing, unbuffered, and lock it for as long as it is open.

    Raises:
        StoreError: another run has it.
        OSError: it cannot be opened.
    """
    while True:
        file = path.open("a+b", buffering=0)
        try:
            _lock(file, path)
            # Another run may have put a new file in its place before it let go of the lock.
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def _lock(file: FileIO, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows has no such lock
        return
    patience = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= patience:
                raise StoreError(
                    f"another run writes to {path}; wait for its end, or give this one a file of its own"
                ) from None
            time.sleep(LOCK_SECONDS / 20)
        else:
            return

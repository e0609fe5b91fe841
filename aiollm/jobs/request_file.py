"""A file of requests: lines of JSON, a table of CSV, or Parquet. It is read as slowly as requests are wanted."""

from __future__ import annotations

import csv
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import msgspec

from aiollm.exceptions import BadRequestError
from aiollm.jobs.item import KEY
from aiollm.types.shape import JSON

__all__ = ["RequestFile", "request_file"]

_COLUMNS = (KEY, "model", "prompt", "messages", "system")
_ROWS_AT_A_TIME = 256


class RequestFile(ABC):
    """The requests of a file.

    Args:
        path: the file.

    Raises:
        OSError: there is none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bytes = path.stat().st_size  # one that is not there is told now, and not when the first is wanted
        self._read_bytes = self._read = 0

    @abstractmethod
    def __iter__(self) -> Iterator[Any]:
        """Yield the requests."""

    def length(self) -> int | None:
        """Return how many requests there are, or how many there seem to be by what is read; None before that."""
        return max(self._read, round(self._read * self._bytes / self._read_bytes)) if self._read_bytes else None


class _JSONL(RequestFile):
    """Yields the value of each line; for one that is no JSON, the error to answer it with."""

    def __iter__(self) -> Iterator[Any]:
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                self._read_bytes += len(line)
                text = line.removeprefix(b"\xef\xbb\xbf").strip()
                if not text:
                    continue
                self._read += 1
                try:
                    yield msgspec.json.decode(text)
                except (ValueError, RecursionError) as error:
                    yield BadRequestError(f"{self._path.name}, line {number}: no JSON: {error}", phase="request")


class _CSV(RequestFile):
    """Yields the request of each row."""

    def __iter__(self) -> Iterator[Any]:
        # The module has one limit for all its readers, of 128 kB; a prompt may be longer.
        csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
        with self._path.open("rb") as file:
            rows = csv.DictReader(TextIOWrapper(file, encoding="utf-8-sig", newline=""))
            if "prompt" not in (rows.fieldnames or ()):
                raise ValueError(f"{self._path}: the first row must name the columns, one of them 'prompt'")
            for row in rows:
                self._read += 1
                self._read_bytes = file.tell()
                yield _request_of(row)


class _Parquet(RequestFile):
    """Yields the request of each row, which are read some hundred at a time."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._length: int | None = None
        if find_spec("pyarrow") is None:
            raise ImportError("Parquet is read by pyarrow, which is not installed: pip install 'aiollm[parquet]'")

    def __iter__(self) -> Iterator[Any]:
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile

        arrow: Any = pa  # it has no types
        try:
            # Unbuffered it would hold a whole group of rows, which may be the whole file.
            file: Any = ParquetFile(self._path, buffer_size=1 << 16, pre_buffer=False)
        except arrow.ArrowInvalid as error:
            raise ValueError(f"{self._path}: {error}") from error
        with file:
            columns = [name for name in file.schema_arrow.names if name in _COLUMNS]
            if not {"prompt", "messages"} & {*columns}:
                raise ValueError(f"{self._path}: one of the columns must be 'prompt' or 'messages'")
            self._length = file.metadata.num_rows
            for batch in file.iter_batches(_ROWS_AT_A_TIME, columns=columns, use_threads=False):
                for row in batch.to_pylist():
                    yield _request_of(_without_nulls(row))

    def length(self) -> int | None:
        return self._length


def _without_nulls(value: JSON) -> Any:
    """Return a value without what is null in it: in a column of structs each has all fields that any has."""
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


def _request_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return the request of a row: what it asks, with its `system`, `model` and `custom_id` where it has them."""
    request = {name: row[name] for name in _COLUMNS if row.get(name)}
    if system := request.pop("system", None):
        asked = request.pop("messages", None) or [{"role": "user", "content": request.pop("prompt", "")}]
        request["messages"] = [{"role": "system", "content": system}, *asked]
    return request


_KINDS: dict[str, type[RequestFile]] = {".jsonl": _JSONL, ".ndjson": _JSONL, ".csv": _CSV, ".parquet": _Parquet}


def request_file(path: Path) -> RequestFile:
    """Return the requests of a file of the kind that its ending tells.

    Raises:
        ValueError: it is of no kind that is known.
        OSError: there is no such file.
        ImportError: what reads files of this kind is not installed.
    """
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path}: requests are read from files named {', '.join(_KINDS)}")
    return kind(path)

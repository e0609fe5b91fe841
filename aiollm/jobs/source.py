"""Where requests come from: any iterable, or a file, read as slowly as they are wanted."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sized
from pathlib import Path
from typing import Any

import msgspec

from aiollm.exceptions import BadRequestError
from aiollm.jobs.item import KEY, Item

__all__ = ["Requests", "items_of", "length_of", "readable"]

Requests = Iterable[Any] | AsyncIterable[Any] | os.PathLike[str]
"""Requests, or the path of a file of them."""

_OF_A_ROW = (KEY, "model", "prompt")


def readable(requests: Requests) -> Iterable[Any] | AsyncIterable[Any]:
    """Return requests as something to iterate; of a path, what its file holds.

    Raises:
        TypeError: it is text, whose characters are not meant, or nothing that can be iterated.
        ValueError: the file is of another kind than .jsonl and .csv.
        OSError: there is no such file.
    """
    if isinstance(requests, os.PathLike):
        return _file(Path(requests))
    if isinstance(requests, str | bytes | Mapping) or not isinstance(requests, Iterable | AsyncIterable):
        raise TypeError(
            f"requests must be an iterable of requests, or the Path of a file; got a {type(requests).__name__}"
        )
    return requests


def length_of(requests: Iterable[Any] | AsyncIterable[Any]) -> int | None:
    """Return how many requests there are, where that is known without reading them."""
    return len(requests) if isinstance(requests, Sized) else None


async def items_of(requests: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Item]:
    """Yield the requests with their places, each when it is asked for. The source is closed when this is."""
    index = 0
    iterator = aiter(requests) if isinstance(requests, AsyncIterable) else iter(requests)
    try:
        if isinstance(iterator, AsyncIterator):
            async for given in iterator:
                yield Item(index, given)
                index += 1
        else:
            for given in iterator:
                yield Item(index, given)
                index += 1
    finally:
        if isinstance(iterator, AsyncIterator):
            if hasattr(iterator, "aclose"):
                await iterator.aclose()
        elif isinstance(iterator, Generator):  # an open file stays its owner's
            iterator.close()


def _file(path: Path) -> Iterable[Any]:
    readers: dict[str, Callable[[Path], Iterator[Any]]] = {".jsonl": _jsonl, ".ndjson": _jsonl, ".csv": _csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"{path}: requests are read from files named {', '.join(readers)}")
    path.stat()  # one that is not there is told now, and not when the first request is wanted
    return reader(path)


def _jsonl(path: Path) -> Iterator[Any]:
    """Yield the value of each line; for one that is no JSON, the error to answer it with."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            text = line.removeprefix(b"\xef\xbb\xbf").strip()
            if not text:
                continue
            try:
                yield msgspec.json.decode(text)
            except (ValueError, RecursionError) as error:
                yield BadRequestError(f"{path.name}, line {number}: no JSON: {error}", phase="request")


def _csv(path: Path) -> Iterator[Any]:
    """Yield the request of each row: its `prompt`, with its `system`, `model` and `custom_id` where it has them."""
    # The module has one limit for all its readers, of 128 kB; a prompt may be longer.
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if "prompt" not in (rows.fieldnames or ()):
            raise ValueError(f"{path}: the first row must name the columns, one of them 'prompt'")
        for row in rows:
            request = {name: row[name] for name in _OF_A_ROW if row.get(name)}
            if row.get("system"):
                turns = (("system", row["system"]), ("user", request.pop("prompt", "")))
                request["messages"] = [{"role": role, "content": text} for role, text in turns]
            yield request

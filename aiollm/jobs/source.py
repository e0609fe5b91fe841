"""Where requests come from: any iterable, or a file, read as slowly as they are wanted."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Sized
from pathlib import Path
from typing import Any

from aiollm.jobs.item import Item
from aiollm.jobs.request_file import RequestFile, request_file
from aiollm.types.shape import is_mapping

__all__ = ["Requests", "items_of", "length_of", "readable"]

Requests = Iterable[Any] | AsyncIterable[Any] | os.PathLike[str]
"""Requests, or the path of a file of them."""


def readable(requests: Requests) -> Iterable[Any] | AsyncIterable[Any]:
    """Return requests as something to iterate; of a path, what its file holds.

    Raises:
        TypeError: it is text, whose characters are not meant, or nothing that can be iterated.
        ValueError: the file is of another kind than .jsonl, .csv and .parquet.
        OSError: there is no such file.
        ImportError: what reads files of this kind is not installed.
    """
    if isinstance(requests, os.PathLike):
        return request_file(Path(requests))
    iterates = hasattr(requests, "__iter__") or hasattr(requests, "__aiter__")
    if isinstance(requests, str | bytes) or is_mapping(requests) or not iterates:
        raise TypeError(
            f"requests must be an iterable of requests, or the Path of a file; got a {type(requests).__name__}"
        )
    return requests


def length_of(requests: Iterable[Any] | AsyncIterable[Any]) -> int | None:
    """Return how many requests there are, where that is known without reading them; of a file, about how many."""
    if isinstance(requests, RequestFile):
        return requests.length()
    return len(requests) if isinstance(requests, Sized) else None


async def items_of(requests: Iterable[Any] | AsyncIterable[Any]) -> AsyncGenerator[Item, None]:
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
            if (aclose := getattr(iterator, "aclose", None)) is not None:
                await aclose()
        elif isinstance(iterator, Generator):  # an open file stays its owner's
            iterator.close()

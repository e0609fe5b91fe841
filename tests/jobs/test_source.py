"""Where requests come from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from aiollm.jobs.source import items_of, length_of, readable


@pytest.mark.parametrize("requests", ["text", b"bytes", {"prompt": "one"}, 5])
def test_what_holds_no_requests_is_refused(requests: Any) -> None:
    with pytest.raises(TypeError, match="iterable of requests"):
        readable(requests)


def test_a_length_is_told_where_there_is_one() -> None:
    assert (length_of(["a", "b"]), length_of(iter(["a"]))) == (2, None)


async def test_sources_are_closed_when_they_are_left() -> None:
    closed = []

    def plain() -> Iterator[str]:
        try:
            yield from "abc"
        finally:
            closed.append("plain")

    async def asynchronous() -> AsyncIterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append("asynchronous")

    for source in (plain(), asynchronous()):
        async with aclosing(items_of(source)) as items:  # type: ignore[type-var]
            assert (await anext(items)).given == "a"
    assert closed == ["plain", "asynchronous"]

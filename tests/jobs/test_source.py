"""Where requests come from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from aiollm.jobs.source import items_of, length_of, readable


async def read(requests: Any) -> list[Any]:
    return [item.given async for item in items_of(readable(requests))]


async def test_lines_of_json_are_read_and_a_faulty_one_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'\xef\xbb\xbf"a"\n\n{"prompt": "b"}\n{"prom\n[{"role": "user"}]')
    first, second, faulty, last = await read(path)
    assert (first, second, last) == ("a", {"prompt": "b"}, [{"role": "user"}])
    assert str(faulty).startswith("in.jsonl, line 4: no JSON")


async def test_rows_of_csv_become_requests(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(
        '\ufeffcustom_id,prompt,system,model,note\n1,hi,,,x\n,"two\nlines",Be brief.,groq/m,\n', encoding="utf-8"
    )
    assert await read(path) == [
        {"custom_id": "1", "prompt": "hi"},
        {
            "model": "groq/m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "two\nlines"}],
        },
    ]


async def test_a_row_may_be_longer_than_the_limit_of_the_csv_module(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("prompt\n" + "x" * 200_000 + "\n")
    assert await read(path) == [{"prompt": "x" * 200_000}]


async def test_csv_without_a_column_of_prompts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("text\nhi\n")
    with pytest.raises(ValueError, match="one of them 'prompt'"):
        await read(path)


@pytest.mark.parametrize("requests", ["text", b"bytes", {"prompt": "one"}, 5])
def test_what_holds_no_requests_is_refused(requests: Any) -> None:
    with pytest.raises(TypeError, match="iterable of requests"):
        readable(requests)


def test_a_file_of_another_kind_or_none_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"in\.txt.*\.jsonl, \.ndjson, \.csv"):
        readable(tmp_path / "in.txt")
    with pytest.raises(FileNotFoundError):
        readable(tmp_path / "in.jsonl")


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

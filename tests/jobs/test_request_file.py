"""Files of requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiollm.jobs.request_file import request_file
from aiollm.jobs.source import items_of


async def read(path: Path) -> list[Any]:
    return [item.given async for item in items_of(request_file(path))]


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


def test_a_file_of_another_kind_or_none_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"in\.txt.*\.jsonl, \.ndjson, \.csv, \.parquet"):
        request_file(tmp_path / "in.txt")
    with pytest.raises(FileNotFoundError):
        request_file(tmp_path / "in.jsonl")


@pytest.mark.parametrize(("name", "head"), [("in.jsonl", ""), ("in.csv", "prompt\n")])
def test_how_many_there_are_is_told_by_what_is_read(name: str, head: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(head + '"some words that say what to do"\n' * 10_000)
    requests = request_file(path)
    assert requests.length() is None
    iterator = iter(requests)
    for _ in range(2_000):
        next(iterator)
    assert requests.length() == pytest.approx(10_000, rel=0.15)  # a table is read some kB at a time
    assert sum(1 for _ in iterator) == 8_000
    assert requests.length() == 10_000


# -- Parquet


def parquet(path: Path, columns: dict[str, list[Any]], rows_of_a_group: int = 1_000_000) -> Path:
    """Write a table, and return its path."""
    table = pytest.importorskip("pyarrow").table(columns)
    pytest.importorskip("pyarrow.parquet").write_table(table, path, row_group_size=rows_of_a_group)
    return path


async def test_rows_of_parquet_become_requests(tmp_path: Path) -> None:
    columns = {
        "custom_id": ["1", None],
        "prompt": ["hi", "two"],
        "system": [None, "Be brief."],
        "model": [None, "groq/m"],
        "note": ["x", "y"],
    }
    assert await read(parquet(tmp_path / "in.parquet", columns)) == [
        {"custom_id": "1", "prompt": "hi"},
        {
            "model": "groq/m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "two"}],
        },
    ]


async def test_messages_of_parquet_have_only_the_fields_that_they_say(tmp_path: Path) -> None:
    asked = [{"role": "user", "content": "hi", "name": "ann"}]
    answered = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    columns = {"messages": [asked, answered], "system": ["Be brief.", None]}
    assert await read(parquet(tmp_path / "in.parquet", columns)) == [
        {"messages": [{"role": "system", "content": "Be brief."}, *asked]},
        {"messages": answered},
    ]


def test_parquet_is_read_a_few_rows_at_a_time_and_tells_its_length(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    path = parquet(tmp_path / "in.parquet", {"prompt": [f"{number} {'x' * 1_000}" for number in range(30_000)]})
    before = pyarrow.total_allocated_bytes()
    requests = request_file(path)
    iterator = iter(requests)
    most = 0
    for number, request in enumerate(iterator):
        assert request["prompt"].startswith(f"{number} ")
        if number % 1_000 == 0:
            most = max(most, pyarrow.total_allocated_bytes() - before)
    assert (number, requests.length()) == (29_999, 30_000)
    assert 0 < most < 8_000_000


async def test_parquet_without_a_column_that_asks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'prompt' or 'messages'"):
        await read(parquet(tmp_path / "in.parquet", {"text": ["hi"]}))


async def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "in.parquet"
    path.write_text("prompt\nhi\n")
    with pytest.raises(ValueError, match=r"in\.parquet"):
        await read(path)

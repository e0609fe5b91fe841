"""The file of the table: packed and read again, and the one that comes with the package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiollm.pricing.table import PACKAGED, packaged_table, packed_table, read_table

ENTRIES = {"a/b": {"input_cost_per_token": 1e-6}, "c": {"alias_of": "a/b"}}


def test_a_table_is_read_as_it_was_packed(tmp_path: Path) -> None:
    path = tmp_path / "models.table"
    path.write_bytes(packed_table(ENTRIES, source="here", made="2026-11-26"))
    table = read_table(path)
    assert dict(table) == ENTRIES
    assert (table.source, table.made, len(table), "a/b" in table, table.get("d")) == (
        "here",
        "2026-11-26",
        2,
        True,
        None,
    )


def test_the_same_entries_make_the_same_file() -> None:
    backwards = dict(reversed(ENTRIES.items()))
    assert packed_table(ENTRIES, source="s", made="m") == packed_table(backwards, source="s", made="m")


WHOLE = packed_table(ENTRIES, source="here", made="2026-11-26")


@pytest.mark.parametrize("content", [b"", b"text", b"{}", b"\x1f\x8b\n", WHOLE[:-9], WHOLE[:-1] + b"!"], ids=range(6))
def test_another_file_is_no_table(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "models.table"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"models.table is not a table"):
        read_table(path)


def test_the_packaged_table_is_small_and_says_where_it_is_from() -> None:
    table = packaged_table()
    assert PACKAGED.stat().st_size < 120_000
    assert re.fullmatch(r"litellm \d+\.\d+\.\d+", table.source)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", table.made)
    assert len(table) > 3000
    assert "Copyright (c) 2023 Berri AI" in PACKAGED.with_name("models.license.txt").read_text("utf-8")


def test_every_packaged_alias_has_its_model() -> None:
    table = packaged_table()
    assert [name for name, entry in table.items() if entry.get("alias_of", name) not in table] == []

"""Rows in a file."""

from __future__ import annotations

from pathlib import Path

from aiollm.proxy.ledger import Spool
from tests.proxy.ledger.rows import row


def test_rows_outlast_the_process(tmp_path: Path) -> None:
    rows = [row("a", metadata={"x": "line\nend"}), row("b")]
    Spool(tmp_path / "s", 10**6).add(rows)
    later = Spool(tmp_path / "s", 10**6)
    assert later.rows() == rows
    later.clear()
    assert (later.rows(), later.size, Spool(tmp_path / "s", 1).size) == ([], 0, 0)


def test_a_line_that_was_cut_off_is_no_row(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", 10**6)
    spool.add([row("a"), row("b")])
    whole = (tmp_path / "s").read_bytes()
    (tmp_path / "s").write_bytes(whole[:-20])
    assert [one.id for one in Spool(tmp_path / "s", 1).rows()] == ["a"]


def test_it_says_when_it_is_full(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", 10)
    assert not spool.full
    spool.add([row("a")])
    assert spool.full

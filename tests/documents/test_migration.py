"""The tables of the page on migration are what the module reads."""

from __future__ import annotations

from tests.documents.migration import PAGE, page_with_tables


def test_the_tables_are_those_that_the_module_reads() -> None:
    text = PAGE.read_text("utf-8")
    assert page_with_tables(text) == text  # else: python3 -m tests.documents.migration

"""The tables of the providers are what the catalogue says."""

from __future__ import annotations

import re

from aiollm.dialects.table import NAMES
from aiollm.providers.catalog import read_catalog
from tests import ROOT
from tests.documents.providers import FORMATS, PAGE, counts, openai_compatible, own_formats, page_with_tables

CATALOG = read_catalog()
TEXT = PAGE.read_text("utf-8")


def test_the_tables_are_what_the_catalogue_says() -> None:
    assert page_with_tables(TEXT, CATALOG) == TEXT  # else: python3 -m tests.documents.providers


def test_every_provider_is_in_one_table() -> None:
    shown = re.findall(r"^\| `([^/`]+)/` \|", TEXT, re.MULTILINE)
    assert sorted(shown) == sorted(CATALOG)


def test_a_row_that_is_refused_is_in_no_other_table() -> None:
    callable_rows = [row for _, row in (*own_formats(CATALOG), *openai_compatible(CATALOG))]
    assert [row.name for row in callable_rows if row.refused] == []


def test_every_wire_format_of_chat_has_a_name() -> None:
    assert NAMES - FORMATS.keys() == {"responses"}  # it is reached by the model, not by a row


def test_the_readme_counts_the_same_providers() -> None:
    assert counts(CATALOG) in " ".join((ROOT / "README.md").read_text("utf-8").split())

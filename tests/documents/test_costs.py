"""What the page on costs shows is so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aiollm.providers import known_models
from tests import ROOT
from tests.documents.reader import programs

PATH = ROOT / "docs" / "costs.md"
PAGE = PATH.read_text("utf-8")
PROGRAMS = programs(PATH)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    yield
    known_models._registered.cache_clear()


@pytest.mark.parametrize("code", PROGRAMS, ids=range(1, len(PROGRAMS) + 1))
def test_a_program_of_the_page_holds(code: str) -> None:
    exec(compile(code, "docs/costs.md", "exec"), {})


def test_the_page_counts_the_recorded_figures() -> None:
    rows = (ROOT / "tests" / "pricing" / "litellm_costs.tsv").read_text("utf-8").splitlines()[1:]
    assert f"for {len(rows)} requests" in PAGE

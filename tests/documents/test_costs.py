"""What the page on costs shows is so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aiollm.providers import known_models
from tests import ROOT
from tests.documents.test_block import FENCE

PAGE = (ROOT / "docs" / "costs.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    yield
    known_models._registered.cache_clear()


def test_the_program_of_the_page_holds() -> None:
    (code,) = [code for kind, code in FENCE.findall(PAGE) if kind == "python"]
    exec(compile(code, "docs/costs.md", "exec"), {})


def test_the_page_counts_the_recorded_figures() -> None:
    rows = (ROOT / "tests" / "pricing" / "litellm_costs.tsv").read_text("utf-8").splitlines()[1:]
    assert f"for {len(rows)} requests" in PAGE

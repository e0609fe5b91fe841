"""The hidden limits of the benchmark, and what its page says of a run."""

from __future__ import annotations

import json

import pytest

from benchmarks.limits.cases import CASES, TENANTS
from benchmarks.limits.hidden import Bucket, Window
from benchmarks.limits.load import run
from benchmarks.limits.report import page
from tests import ROOT

RESULTS = ROOT / "benchmarks" / "results"


def served(limit: Bucket | Window, until: float) -> int:
    """How many requests are served when a hundred come each second."""
    return sum(limit.ask(at / 100) is None for at in range(int(until * 100)))


def test_a_bucket_holds_a_second_and_serves_its_rate() -> None:
    assert served(Bucket(lambda now: 20.0), 10) == pytest.approx(20 * 11, abs=2)
    assert served(Bucket(lambda now: 20.0 if now < 5 else 10.0), 10) == pytest.approx(20 * 6 + 50, abs=12)


def test_a_window_serves_so_many_in_any_minute() -> None:
    assert served(Window(600), 59) == 600
    assert served(Window(600), 119) == 1_200
    limit = Window(1)
    assert limit.ask(0.0) is None
    assert limit.ask(20.0) == pytest.approx(40)


async def test_a_case_says_what_came_of_it() -> None:
    record = await run("minute", 1.0)
    assert record["served"] == sum(record["served_by_second"]) > 0
    assert {*record["tenants"]} == {*TENANTS}


def test_the_page_is_that_of_the_run() -> None:
    kept = json.loads((RESULTS / "limits.json").read_text(encoding="utf-8"))
    assert {record["case"] for record in kept["records"]} == {*CASES}
    assert page(kept) == (RESULTS / "limits.md").read_text(encoding="utf-8")

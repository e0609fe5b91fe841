"""What the page of the policies' benchmark says of a run, and that each case is a call that can be made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.policies.cases import BARE, CASES, STREAMS, WHOLE
from benchmarks.policies.clients.aiollm import CLIENTS
from benchmarks.policies.report import costs_of, page
from tests import ROOT

RESULTS = ROOT / "benchmarks" / "results"


def line(whole: float, call: float, chunk: float) -> dict[str, float]:
    """What a case costs, by the length of its answer."""
    return {str(WHOLE): whole, **{str(length): call + chunk * length for length in STREAMS}}


BARE_COSTS = line(500, 600, 8)
NOISE = line(30, 30, 0.1)


def run(*limited: dict[str, float], **others: dict[str, float]) -> dict[str, Any]:
    """A run of so many rounds, each with the same bare call."""
    records = []
    for number, case in enumerate(limited):
        over = {length: cost - BARE_COSTS[length] for length, cost in case.items()}
        figures = {
            "cpu_us": {BARE: BARE_COSTS, "limited": case, **others},
            "over_us": {"limited": over, BARE: NOISE},
            "over_engine_us": {"limited": {length: cost + NOISE[length] for length, cost in over.items()}},
        }
        result = {**figures, "turns": 9, "upstream_busy": 0.25}
        records.append({"library": "aiollm", "round": number, "result": result})
    machine = {"processor": "p", "cores": 2, "memory_gb": 4, "system": "s", "python": "3"}
    setting = {"command": "c", "date": "d", "minutes": 1, "machine": machine, "load": {"before": 1, "after": 2}}
    return {**setting, "versions": {"aiollm": {"aiollm": "1"}}, "records": records}


def test_calls_and_chunks_are_told_apart() -> None:
    assert costs_of(line(500, 600, 8)) == pytest.approx({"whole": 500, "call": 600, "chunk": 8})


def test_the_promise_is_kept_up_to_its_number() -> None:
    text = page(run(line(560, 660, 8)))
    assert "| whole reply | 60 µs | ≤ 60 µs | kept | 90 µs |" in text
    assert "| call of a stream | 60 µs | ≤ 60 µs | kept | 90 µs |" in text
    assert "| chunk of a stream | +0.00 µs | nothing (noise: 0.10 µs) | within the noise | +0.10 µs |" in text


def test_a_promise_that_is_not_kept_is_told() -> None:
    text = page(run(line(570, 661, 8.5), line(561, 690, 8.3), line(590, 670, 8.4)))
    assert "| whole reply | 70 µs | ≤ 60 µs | not kept |" in text
    assert "| call of a stream | 70 µs | ≤ 60 µs | not kept |" in text
    assert "| chunk of a stream | +0.40 µs | nothing (noise: 0.10 µs) | not kept |" in text


def test_a_case_is_compared_with_the_bare_call() -> None:
    text = page(run(line(560, 660, 8), line(540, 650, 8), line(550, 670, 8)))
    assert f"| {CASES['limited'].title} | 550 | +50 (45 to 55) | 660 | +60 (55 to 65) | 8.00 |" in text


def test_a_router_is_compared_with_litellms() -> None:
    theirs = {"litellm": line(6000, 9000, 800), "litellm_router": line(7000, 16000, 800)}
    text = page(run(line(560, 660, 8), router=line(700, 800, 8), **theirs))
    assert f"| {CASES['litellm_router'].title} to {CASES['router'].title} | 10 | 20 | 100 |" in text


def test_a_measurement_that_failed_is_told() -> None:
    failed = run(line(560, 660, 8))
    failed["records"].append({"library": "litellm", "round": 0, "failure": "it broke"})
    assert "| litellm | it broke |" in page(failed)


def test_each_case_of_ours_has_a_client() -> None:
    assert CLIENTS.keys() == {name for name, case in CASES.items() if case.library == "aiollm"}


def test_the_page_is_that_of_the_run_that_is_kept() -> None:
    assert page(json.loads((RESULTS / "policies.json").read_text("utf-8"))) == (RESULTS / "policies.md").read_text(
        "utf-8"
    )

"""The bytes of the dialects' benchmark, and what its page says of a run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.dialects.table import NAMES, dialect_of
from benchmarks.dialects.answers import ANSWERS, saturating_blocks, words
from benchmarks.dialects.clients.aiollm import ARGUMENTS
from benchmarks.dialects.report import page
from benchmarks.dialects.sdks import SDKS
from tests import ROOT
from tests.dialects.reading import read

PIECES = 7
RESULTS = ROOT / "benchmarks" / "results"


def body(name: str, pieces: int = PIECES) -> bytes:
    """The body of an answer, without HTTP's chunks."""
    _, _, rest = b"".join(saturating_blocks(name, pieces)).partition(b"\r\n\r\n")
    found = b""
    while (size := int(rest.partition(b"\r\n")[0], 16)) > 0:
        rest = rest.partition(b"\r\n")[2]
        found, rest = found + rest[:size], rest[size + 2 :]
    assert rest == b"0\r\n\r\n"
    return found


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_one_of_its_format(name: str) -> None:
    reading = read([body(name)], dialect=dialect_of(name if name in NAMES else "openai"))
    assert reading.error is None
    assert reading.text() == "".join(words(PIECES))
    assert sum(bool(choice.delta.content) for chunk in reading.chunks for choice in chunk.choices) == PIECES
    assert reading.finishes == {0: ["stop"]}
    assert reading.decoder.usage.completion_tokens == PIECES


def test_an_answer_of_many_blocks_is_whole() -> None:
    assert len(saturating_blocks("anthropic", 500)) > 1
    assert body("anthropic", 500).count(b"text_delta") == 500


def test_every_format_has_bytes_a_call_of_ours_and_an_sdk() -> None:
    assert ANSWERS.keys() == ARGUMENTS.keys() == SDKS.keys()


def measured(ours: list[float], theirs: list[float]) -> dict[str, Any]:
    records = [
        {"dialect": "cohere", "library": name, "round": number, "result": {"cpu_us": figure, "upstream_busy": 0.25}}
        for name, figures in (("aiollm", ours), ("cohere", theirs))
        for number, figure in enumerate(figures)
    ]
    machine = {"processor": "p", "cores": 2, "memory_gb": 4, "system": "s", "python": "3"}
    setting = {"command": "c", "date": "d", "minutes": 1, "machine": machine, "load": {"before": 1, "after": 2}}
    return {**setting, "dialects": ["cohere"], "versions": {}, "records": records}


def test_the_ratio_is_the_median_of_those_of_the_same_round() -> None:
    assert "| cohere | 20.0 | cohere | 90.0 | 4.5 (3.0 to 5.0) | yes | 25% |" in page(
        measured([20, 10, 30], [90, 50, 90])
    )


def test_a_format_under_four_times_is_told() -> None:
    assert "| 3.0 (3.0 to 3.0) | no |" in page(measured([10], [30]))


def test_a_measurement_that_failed_is_told() -> None:
    run = measured([10], [])
    run["records"].append({"dialect": "cohere", "library": "cohere", "round": 0, "failure": "it broke"})
    text = page(run)
    assert "| cohere | failed |" in text
    assert "| cohere | cohere | it broke |" in text


def test_the_page_is_that_of_the_run_that_is_kept() -> None:
    assert page(json.loads((RESULTS / "dialects.json").read_text("utf-8"))) == (RESULTS / "dialects.md").read_text(
        "utf-8"
    )

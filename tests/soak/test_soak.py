"""The soak, short: two hundred streams with random faults for a minute, in a process of its own."""

from __future__ import annotations

import sys
from collections import Counter

import pytest
from attrs import evolve

from tests.programs import python
from tests.soak.__main__ import report
from tests.soak.load import Load
from tests.soak.machine import Held

if not sys.platform.startswith("linux"):
    pytest.skip("counts descriptors and memory in /proc", allow_module_level=True)

SEED = "20261126"
LIMIT = 150.0  # seconds; it runs for a minute, warms up before, and settles afterwards


@pytest.mark.slow
@pytest.mark.timeout(LIMIT + 10)
def test_a_minute_of_random_faults_ends_as_the_catalogue_says_and_leaves_nothing() -> None:
    done = python("-m", "tests.soak", "--minutes", "1", "--seed", SEED, limit=LIMIT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unexpected: 0" in done.stdout


BEFORE = Held(descriptors=9, threads=2, blocks=100_000, heap=10 << 20)


@pytest.mark.parametrize(
    "more",
    [{"descriptors": 10}, {"threads": 3}, {"blocks": 110_000}, {"heap": 15 << 20}],
    ids=lambda more: next(iter(more)),
)
def test_what_is_left_over_is_a_failure(more: dict[str, int], capsys: pytest.CaptureFixture[str]) -> None:
    load = Load("http://127.0.0.1:9", 1, endings=Counter(whole=10_000))
    assert report(load, BEFORE, BEFORE) == 0
    assert report(load, BEFORE, evolve(BEFORE, **more)) == 1
    load.unexpected.append("something")
    assert report(load, BEFORE, BEFORE) == 1
    assert "something" in capsys.readouterr().out

"""The soak, short: two hundred streams with random faults for a minute, in a process of its own."""

from __future__ import annotations

import sys

import pytest

from tests.programs import python
from tests.soak.machine import slope

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


def test_a_slope_is_that_of_the_lowest_samples_after_the_warm_up() -> None:
    warm_up = [(float(second), second * 1000) for second in range(20)]
    flat = [(float(second), 50_000 + 9_000 * (second % 5)) for second in range(20, 60)]
    rising = [(second, size + 70 * int(second)) for second, size in flat]
    assert slope(warm_up + flat) == pytest.approx(0, abs=1e-6)
    assert slope(warm_up + rising) == pytest.approx(70, rel=0.01)

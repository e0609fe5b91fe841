"""Quantiles in little memory."""

from __future__ import annotations

import random

import pytest

from aiollm.jobs.spread import Spread


def test_nothing_has_no_quantile() -> None:
    assert Spread().quantile(0.5) is None


def test_quantiles_are_right_to_a_hundredth_in_few_counts() -> None:
    rng = random.Random(7)
    waits = sorted(rng.lognormvariate(0, 1) for _ in range(10_000))
    spread = Spread()
    for wait in waits:
        spread.add(wait)
    for share in (0.5, 0.95):
        assert spread.quantile(share) == pytest.approx(waits[int(share * 10_000) - 1], rel=0.011)
    assert len(spread._counts) < 500


def test_a_wait_of_nothing_counts() -> None:
    spread = Spread()
    spread.add(0.0)
    assert spread.quantile(1.0) == pytest.approx(1e-6, rel=0.011)

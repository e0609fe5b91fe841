"""What the latency-based strategy is for: one slow replica of four."""

from __future__ import annotations

import pytest

from aiollm.router.strategy import LatencyBased
from tests.router.simulation import Load, p95, round_robin, waits

SEEDS = range(3)


@pytest.mark.parametrize("rate", [1.0, 10.0, 40.0])
def test_one_slow_replica_of_four_spoils_the_95th_percentile_no_more(rate: float) -> None:
    load = Load(rate=rate, seconds=1000 / rate)
    for seed in SEEDS:
        in_turn, by_latency = p95(waits(round_robin(), load, seed)), p95(waits(LatencyBased(), load, seed))
        assert by_latency <= 0.7 * in_turn


def test_replicas_that_are_equally_fast_share_the_load() -> None:
    load = Load(typical={"a": 0.3, "b": 0.3, "c": 0.3, "d": 0.3}, seconds=100)
    for seed in SEEDS:
        assert p95(waits(LatencyBased(), load, seed)) <= 1.1 * p95(waits(round_robin(), load, seed))

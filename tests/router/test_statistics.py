from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiollm.router.statistics import Latency, Statistics


def test_nothing_is_known_before_the_first_sample() -> None:
    latency = Latency()
    assert (latency.average, latency.quantile(0.5)) == (None, None)


def test_the_average_follows_a_change() -> None:
    latency = Latency()
    for now, seconds in enumerate([1.0] * 5 + [3.0] * 10):
        latency.add(now, seconds)
    assert latency.average == pytest.approx(3.0, abs=0.1)
    assert latency.measured == 14


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=200), st.floats(0.01, 1.0))
def test_a_quantile_is_the_least_sample_that_so_many_do_not_exceed(samples: list[float], share: float) -> None:
    latency = Latency()
    for seconds in samples:
        latency.add(0.0, seconds)
    kept = samples[-128:]
    found = latency.quantile(share)
    assert found in kept
    assert sum(seconds <= found for seconds in kept) >= share * len(kept)
    assert sum(seconds < found for seconds in kept) < share * len(kept)


def test_streams_and_whole_answers_are_measured_apart() -> None:
    statistics = Statistics()
    assert statistics.latency(stream=True) is statistics.first_token
    assert statistics.latency(stream=False) is statistics.whole

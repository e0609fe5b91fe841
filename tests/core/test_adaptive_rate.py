"""A rate that is found out by trying."""

import math

import pytest

from aiollm.core.adaptive_rate import PROBE_SECONDS, SLOWEST, AdaptiveRate


def refused(*measured: float) -> AdaptiveRate:
    """Return a rate after refusals a second apart, of requests that came just before."""
    rate = AdaptiveRate()
    for second, units in enumerate(measured):
        rate.refused(units, second - 0.1, float(second))
    return rate


def used_for(rate: AdaptiveRate, seconds: float, *, since: float = 0.0, serving: bool = True) -> int:
    """Let requests come as fast as they may, all of them served; return how many came."""
    now, end, passed = since, since + seconds, 0
    while now < end:
        wait = rate.wait(now)
        if wait > 0:
            now += wait
            continue
        rate.add(1, now)
        passed += 1
        if serving:
            rate.succeeded(now, now)
    return passed


def test_nothing_is_limited_until_the_first_refusal():
    assert AdaptiveRate().value == math.inf
    assert AdaptiveRate().wait(0.0) == 0


def test_a_refusal_halves_the_rate_that_was_served():
    assert refused(10.0).value == 5.0


def test_refusals_of_what_was_on_its_way_together_halve_it_once():
    rate = AdaptiveRate()
    for late in range(20):
        rate.refused(10.0, 99.0 + late / 100, 100.0 + late / 10)
    assert rate.value == 5.0
    rate.refused(10.0, 101.0, 103.0)
    assert rate.value == 2.5


def test_it_gets_no_slower_than_a_probe_now_and_then():
    assert refused(*[10.0] * 50).value == SLOWEST
    assert refused(*[0.01] * 50).value == pytest.approx(0.0025)


def test_it_spaces_requests_evenly():
    rate = refused(10.0)
    assert used_for(rate, 20.0, serving=False) == pytest.approx(100, abs=3)


def test_it_returns_quickly_to_what_was_served_and_slowly_beyond():
    rate = refused(10.0)
    used_for(rate, 6.5)
    assert rate.value == pytest.approx(10.0)
    used_for(rate, 2 * PROBE_SECONDS + 1, since=6.5)
    assert rate.value == pytest.approx(10.3)


def test_it_grows_only_as_far_as_it_is_used():
    rate = refused(10.0)
    for second in range(1, 100):
        rate.add(1, float(second))
        rate.succeeded(float(second), float(second))
    assert rate.value == 5.0


def test_answers_to_what_was_sent_before_the_refusal_do_not_speed_it_up():
    rate = refused(10.0)
    rate.add(1, 0.0)
    assert rate.wait(0.0) == 0  # within the burst
    rate.add(10, 0.0)
    assert rate.wait(0.0) > 0
    rate.succeeded(-0.5, 5.0)
    assert rate.value == 5.0


def test_while_everything_is_refused_it_remembers_what_was_served():
    rate = refused(*[10.0] * 20)
    used_for(rate, 21.0, since=20.0)
    assert rate.value == pytest.approx(10.0)

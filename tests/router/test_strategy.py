from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiollm.router.member import Demand, Member
from aiollm.router.strategy import STRATEGIES, LatencyBased, Strategy, strategy_named
from tests.router.fleets import member, members

STREAM = Demand(stream=True)


def shares(strategy: Strategy, among: Sequence[Member], times: int = 4000, now: float = 0.0) -> dict[str, float]:
    draw = random.Random(7).random
    found = Counter(strategy(among, STREAM, now, draw).deployment.id for _ in range(times))
    return {id: count / times for id, count in found.items()}


def about(**expected: float) -> dict[str, object]:
    return {id: pytest.approx(share, abs=0.03) for id, share in expected.items()}


def test_simple_shuffle_goes_by_weight() -> None:
    among = [member("a", weight=3.0), member("b", weight=1.0), member("c", weight=0.0)]
    assert shares(STRATEGIES["simple-shuffle"], among) == about(a=0.75, b=0.25)


@pytest.mark.parametrize("limit", ["rpm", "tpm"])
def test_simple_shuffle_goes_by_limits_where_nothing_is_weighed(limit: str) -> None:
    among = [member("a", **{limit: 100}), member("b", **{limit: 300})]
    assert shares(STRATEGIES["simple-shuffle"], among) == about(a=0.25, b=0.75)
    assert shares(STRATEGIES["weighted"], among) == about(a=0.5, b=0.5)


def test_a_limit_that_not_all_have_says_nothing() -> None:
    assert shares(STRATEGIES["simple-shuffle"], [member("a", rpm=100), member("b")]) == about(a=0.5, b=0.5)


def test_where_all_weigh_nothing_each_is_as_good() -> None:
    assert shares(STRATEGIES["weighted"], members("a", "b", weight=0.0)) == about(a=0.5, b=0.5)


def test_least_busy_looks_at_what_is_in_flight_for_the_weight() -> None:
    a, b, c = member("a"), member("b", weight=2.0), member("c", weight=0.0)
    a.statistics.in_flight, b.statistics.in_flight = 3, 5
    assert shares(STRATEGIES["least-busy"], [a, b, c]) == {"b": 1.0}
    b.statistics.in_flight = 6
    assert shares(STRATEGIES["least-busy"], [a, b, c]) == about(a=0.5, b=0.5)


def test_usage_looks_at_what_is_used_of_the_limits() -> None:
    a, b = member("a", tpm=1000, rpm=10), member("b", tpm=100)
    a.statistics.tokens.add(0.0, 500)
    b.statistics.tokens.add(0.0, 40)
    assert shares(STRATEGIES["usage-based-routing-v2"], [a, b]) == {"b": 1.0}
    b.statistics.tokens.add(0.0, 40)
    assert shares(STRATEGIES["usage-based-routing-v2"], [a, b]) == {"a": 1.0}
    a.statistics.requests.add(0.0, 9)
    assert shares(STRATEGIES["usage-based-routing-v2"], [a, b]) == {"b": 1.0}


def test_usage_without_limits_looks_at_tokens() -> None:
    a, b = members("a", "b")
    a.statistics.tokens.add(0.0, 5)
    assert shares(STRATEGIES["usage-based-routing"], [a, b]) == {"b": 1.0}


def test_cost_takes_the_cheapest_and_unknown_prices_last() -> None:
    dear = member("dear", input_cost_per_token=2e-6, output_cost_per_token=8e-6)
    cheap = member("cheap", input_cost_per_token=1e-6, output_cost_per_token=2e-6)
    free, unknown = member("free", input_cost_per_token=0.0), member("unknown")
    assert shares(STRATEGIES["cost-based-routing"], [dear, cheap, unknown]) == {"cheap": 1.0}
    assert shares(STRATEGIES["cost-based-routing"], [dear, cheap, free, unknown]) == {"free": 1.0}
    assert shares(STRATEGIES["cost-based-routing"], [unknown]) == {"unknown": 1.0}


def measured(**seconds: float) -> list[Member]:
    among = members(*seconds)
    for one, wait in zip(among, seconds.values(), strict=True):
        one.statistics.first_token.add(0.0, wait)
    return among


def test_latency_never_takes_the_slowest_and_shares_among_the_others() -> None:
    found = shares(LatencyBased(), measured(a=0.30, b=0.31, c=0.32, slow=3.0))
    assert found.keys() == {"a", "b", "c"}
    assert min(found.values()) > 0.15


def test_latency_waits_behind_those_that_wait_already() -> None:
    fast, slow = measured(fast=1.0, slow=2.5)
    fast.statistics.waiting = 2
    assert shares(LatencyBased(), [fast, slow]) == {"slow": 1.0}


def test_latency_believes_less_in_what_is_old() -> None:
    fast, slow = measured(fast=1.0, slow=3.0)
    assert shares(LatencyBased(ttl=10.0), [fast, slow], now=5.0) == {"fast": 1.0}
    assert shares(LatencyBased(ttl=10.0, lowest_latency_buffer=0.01), [fast, slow], now=100.0).keys() == {
        "fast",
        "slow",
    }


def test_latency_tries_one_that_was_never_measured() -> None:
    known, new = measured(known=1.0)[0], member("new")
    assert shares(LatencyBased(), [known, new]) == about(known=0.5, new=0.5)
    known.statistics.waiting = 1
    assert shares(LatencyBased(), [known, new]) == {"new": 1.0}


def test_latency_within_the_buffer_counts_as_equal() -> None:
    assert shares(LatencyBased(lowest_latency_buffer=0.5), measured(a=1.0, b=1.4)) == about(a=0.5, b=0.5)


def test_whole_answers_go_by_their_own_latency() -> None:
    a, b = measured(a=1.0, b=2.0)
    a.statistics.whole.add(0.0, 9.0)
    b.statistics.whole.add(0.0, 5.0)
    draw = random.Random(7).random
    assert {LatencyBased()([a, b], Demand(), 0.0, draw).deployment.id for _ in range(20)} == {"b"}


def test_an_unknown_strategy_or_argument_is_named() -> None:
    with pytest.raises(ValueError, match=r"must be one of simple-shuffle, weighted.*'fastest'"):
        strategy_named("fastest", {})
    with pytest.raises(ValueError, match="least-busy takes no arguments; got ttl"):
        strategy_named("least-busy", {"ttl": 5})
    with pytest.raises(ValueError, match="takes ttl and lowest_latency_buffer; got tll"):
        strategy_named("latency-based-routing", {"tll": 5})
    assert strategy_named("latency-based-routing", {"ttl": 5.0}) == LatencyBased(ttl=5.0)


STATES = st.lists(
    st.tuples(
        st.floats(0, 10),
        st.integers(0, 50),
        st.floats(0, 60),
        st.none() | st.integers(1, 10_000),
        st.none() | st.floats(0, 1e-3),
    ),
    min_size=1,
    max_size=6,
)


@given(states=STATES, seed=st.integers())
def test_every_strategy_takes_one_of_those_it_is_given(states: list[tuple], seed: int) -> None:
    among = []
    for position, (weight, busy, latency, limit, price) in enumerate(states):
        one = member(str(position), weight=weight, rpm=limit, tpm=limit, input_cost_per_token=price)
        one.statistics.in_flight = one.statistics.waiting = busy
        if position:
            one.statistics.first_token.add(0.0, latency)
        among.append(one)
    for strategy in STRATEGIES.values():
        assert strategy(among, STREAM, 1.0, random.Random(seed).random) in among

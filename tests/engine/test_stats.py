"""How a stream came: gaps, stalls and speed, in bounded memory."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest

import aiollm
from aiollm.engine.stats import KEPT_ARRIVALS, KEPT_GAPS, Arrivals, StreamStats
from aiollm.testing import ProviderServer, done, finish, role, tokens, usage
from tests.engine.calling import arguments, collected, opened


def stats_of(times: list[float], tokens: int | None = None) -> StreamStats:
    arrivals = Arrivals()
    for time in times:
        arrivals.times.append(time)
        if len(arrivals.times) == KEPT_ARRIVALS:
            arrivals.fold()
    assert len(arrivals.times) < KEPT_ARRIVALS
    return arrivals.stats(first_token=0.5, tokens=tokens, chunks=3, body_bytes=99, attempts=1, elapsed=2.0)


def along(gaps: list[float]) -> list[float]:
    """Times with these gaps between them."""
    times = [100.0]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


def test_percentiles_of_few_gaps_are_exact() -> None:
    gaps = [number / 1024 for number in range(1, 101)]
    random.Random(7).shuffle(gaps)
    stats = stats_of(along(gaps))
    assert (stats.gap_p50, stats.gap_p90, stats.gap_p99) == pytest.approx((50 / 1024, 90 / 1024, 99 / 1024))
    assert stats.longest_gap == pytest.approx(100 / 1024)


def test_percentiles_of_many_gaps_are_those_of_an_even_sample() -> None:
    chance = random.Random(7)
    gaps = [chance.lognormvariate(-4, 1) for _ in range(20_000)]
    stats = stats_of(along(gaps))
    for told, share in ((stats.gap_p50, 0.5), (stats.gap_p90, 0.9), (stats.gap_p99, 0.99)):
        assert sum(gap <= (told or 0) for gap in gaps) / len(gaps) == pytest.approx(share, abs=0.04)
    assert stats.longest_gap == pytest.approx(max(gaps))
    assert stats.stalls == sum(gap > 1 for gap in gaps)


def test_what_is_kept_is_bounded() -> None:
    arrivals = Arrivals()
    for number in range(100 * KEPT_ARRIVALS):
        arrivals.times.append(float(number))
        if len(arrivals.times) == KEPT_ARRIVALS:
            arrivals.fold()
        assert len(arrivals.times) < KEPT_ARRIVALS
        assert len(arrivals._gaps) <= KEPT_GAPS


def test_stalls_are_counted_before_and_after_the_folding() -> None:
    stats = stats_of(along([2.0] + [0.01] * KEPT_ARRIVALS + [3.0, 1.0]))
    assert (stats.stalls, stats.longest_gap) == (2, pytest.approx(3.0))
    assert stats.stalled == pytest.approx(5.0)


def test_speed_is_that_of_the_provider_s_own_count() -> None:
    assert stats_of(along([0.5, 1.5]), tokens=30).tokens_per_second == pytest.approx(15)
    assert stats_of(along([0.5, 1.5])).tokens_per_second is None


@pytest.mark.parametrize("times", [[], [1.0], [1.0, 1.0]])
def test_what_came_at_once_has_no_speed(times: list[float]) -> None:
    stats = stats_of(times, tokens=5)
    assert stats.tokens_per_second is None
    assert stats.gap_p50 == (0 if len(times) == 2 else None)


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        counts = usage(prompt_tokens=1, completion_tokens=40)
        running.script([role(), tokens("a b c d", gap=0.02), finish(), counts, done()])
        yield running


async def test_a_stream_tells_how_it_came(server: ProviderServer) -> None:
    stream = await opened(server, stream_options={"include_usage": True})
    assert stream.stats.gap_p50 is None
    chunks, _ = await collected(stream)
    stats = stream.stats
    assert stats == stream.stats  # the time stands still with the end
    assert stats.first_token == stream.first_token
    assert 0.01 < (stats.longest_gap or 0) < 30
    assert 0 < (stats.tokens_per_second or 0) <= 40 / 0.05
    assert (stats.chunks, stats.bytes, stats.attempts) == (len(chunks), stream.bytes, 1)
    assert stats.elapsed > 0.05


async def test_streams_made_of_a_stream_tell_the_same(server: ProviderServer) -> None:
    stream = await opened(server)
    first, second = stream.coalesce(ms=1).tee()
    await collected(first)
    await collected(second)
    assert stream.stats.longest_gap == first.stats.longest_gap == second.stats.longest_gap
    assert stream.stats.bytes == first.stats.bytes > 0


async def test_a_whole_answer_has_no_gaps(server: ProviderServer) -> None:
    stats = (await opened(server, mock_response="all of it")).stats
    assert (stats.gap_p50, stats.longest_gap, stats.stalls) == (None, None, 0)


def test_the_blocking_stream_tells_it_too() -> None:
    with ProviderServer() as server:
        server.reply("all of it")
        stream = aiollm.completion(**arguments(server, stream=True))
        stream.final()
        assert stream.stats.attempts == 1

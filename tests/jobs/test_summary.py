"""What a job has come to."""

from __future__ import annotations

import pytest

from aiollm import RateLimitError
from aiollm.jobs.summary import Tally
from tests.jobs.asking import answer, failure
from tests.jobs.progress.summaries import summary


def test_waits_are_told_to_one_in_a_hundred() -> None:
    tally = Tally()
    for number in range(1, 101):
        tally.add(answer(number, elapsed=number / 10, first_token=number / 100), 1.0)
    told = tally.summary("complete", 0, 12.0)
    assert (told.latency_p50, told.latency_p95, told.latency_p99) == pytest.approx((5.0, 9.5, 9.9), rel=0.01)
    assert (told.first_token_p50, told.first_token_p95, told.first_token_p99) == pytest.approx(
        (0.5, 0.95, 0.99), rel=0.01
    )


def test_a_report_has_the_counts_and_the_waits() -> None:
    tally = Tally()
    tally.add(answer(0, elapsed=2.0, first_token=0.5), 2.0)
    tally.add(failure(1, RateLimitError("full")), 2.5)
    assert tally.summary("complete", 0, 3.0).report().splitlines() == [
        "complete: 1 done, 1 failed, (1 RateLimitError), 100 + 50 tokens, $0.0000 and 1 without a price, 3.0 s",
        "within               half     95 in 100     99 in 100",
        "first token        0.50 s        0.50 s        0.50 s",
        "answer             2.00 s        2.00 s        2.00 s",
    ]


def test_a_report_without_an_answer_is_one_line() -> None:
    assert (
        summary(reason="budget", skipped=4).report()
        == "budget: 0 done, 0 failed, 4 not sent, 0 + 0 tokens, $0.0000, 0.0 s"
    )


def test_what_is_left_takes_as_long_as_what_was_asked() -> None:
    assert summary(done=20, from_store=60, total=100, elapsed=10.0).seconds_left == 10.0
    assert summary(from_store=60, total=100, elapsed=10.0).seconds_left is None
    assert summary(done=20, elapsed=10.0).seconds_left is None

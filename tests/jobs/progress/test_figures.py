"""What is told of a job, in words."""

from __future__ import annotations

import pytest

from aiollm.jobs.progress.figures import line_of
from tests.jobs.progress.summaries import GOING_ON, summary


def test_a_line_tells_all_that_is_known() -> None:
    assert line_of(summary(**GOING_ON)) == (
        "1,250 of 5,000 answered, 3 failed, 64 at a time, 2 throttled, 3,000 tokens/s, $0.2500, 12 s, about 37 s left"
    )


def test_what_is_not_known_or_none_is_left_out() -> None:
    assert line_of(summary(done=5, elapsed=1.0)) == "5 answered, 0 tokens/s, $0.0000, 1 s"


def test_a_job_that_has_ended_has_no_time_left() -> None:
    assert " left" not in line_of(summary(**GOING_ON, reason="stopped"))


@pytest.mark.parametrize(
    ("seconds", "text"), [(59.4, "59 s"), (61, "1 min 01 s"), (3_599.7, "1 h 00 min"), (7_500, "2 h 05 min")]
)
def test_long_times_are_told_in_minutes_and_hours(seconds: float, text: str) -> None:
    assert line_of(summary(elapsed=seconds)).endswith(text)

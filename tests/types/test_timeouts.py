"""The four clocks, and what `timeout` and `stream_timeout` make of them."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.types.timeouts import Timeouts


def clocks(timeouts: Timeouts) -> tuple[float | None, ...]:
    return timeouts.connect, timeouts.first_token, timeouts.idle, timeouts.total


@pytest.mark.parametrize(
    ("timeout", "stream_timeout", "stream", "expected"),
    [
        (None, None, True, (10.0, 600.0, 120.0, None)),
        (None, None, False, (10.0, 600.0, 120.0, 600.0)),
        (30.0, None, True, (10.0, 30.0, 30.0, None)),
        (30.0, None, False, (10.0, 30.0, 30.0, 30.0)),
        (3, None, True, (3, 3, 3, None)),
        (3, None, False, (3, 3, 3, 3)),
        (None, 5.0, True, (10.0, 5.0, 5.0, None)),
        (None, 5.0, False, (10.0, 600.0, 120.0, 600.0)),
        (3.0, 5.0, True, (3.0, 5.0, 5.0, None)),
        (3.0, 5.0, False, (3.0, 3.0, 3.0, 3.0)),
        (Timeouts(connect=1, first_token=2, idle=3, total=4), None, True, (1, 2, 3, 4)),
        (Timeouts(connect=1, first_token=2, idle=3, total=4), 9, True, (1, 9, 9, 4)),
        (Timeouts(connect=1, total=None), None, False, (1, 600.0, 120.0, None)),
        (Timeouts(idle=None), None, True, (10.0, 600.0, None, None)),
    ],
)
def test_what_the_call_parameters_mean(
    timeout: Any, stream_timeout: Any, stream: bool, expected: tuple[Any, ...]
) -> None:
    assert clocks(Timeouts.of(timeout, stream_timeout, stream=stream)) == expected


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), True, "5", [1]])
@pytest.mark.parametrize("name", ["connect", "first_token", "idle", "total"])
def test_a_clock_is_a_number_of_seconds_above_zero(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        Timeouts(**{name: value})


@pytest.mark.parametrize("value", [0, -1.0, float("nan")])
def test_the_short_forms_are_checked_too(value: float) -> None:
    with pytest.raises(ValueError, match="first_token"):
        Timeouts.of(value, None, stream=True)
    with pytest.raises(ValueError, match="first_token"):
        Timeouts.of(None, value, stream=True)

"""Times as LiteLLM writes them."""

from __future__ import annotations

import pytest

from aiollm.proxy.durations import seconds_in


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("12h", 43_200), ("1d", 86_400), ("2w", 1_209_600), ("1mo", 2_592_000)],
)
def test_a_time_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert seconds_in(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "0s", "-1s", "1.5h", "1 d", "1y", "9" * 20 + "s", 30, None])
def test_anything_else_is_no_time(text: object) -> None:
    assert seconds_in(text) is None

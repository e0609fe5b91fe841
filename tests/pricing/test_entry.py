"""Entries of models."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.pricing.entry import is_price


@pytest.mark.parametrize("value", [1.0, -1e-9, float("nan"), float("inf"), True, "1e-6", None])
def test_what_is_no_price(value: Any) -> None:
    assert not is_price(value)

"""What the table of models has of one model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["Entry", "is_price"]

Entry = Mapping[str, Any]
"""What is known of one model, under LiteLLM's names: `input_cost_per_token` in USD, `max_output_tokens`..."""


def is_price(value: Any) -> bool:
    """Whether a value can be a price of a token in USD: a number from 0 that is below one dollar."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value < 1

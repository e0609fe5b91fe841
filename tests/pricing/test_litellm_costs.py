"""What requests cost is what LiteLLM says, to the last digit of its figures: `recording.py` recorded them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from aiollm import Usage, cost_per_token
from tests.pricing.recording import MODELS, USAGES

with Path(__file__).with_name("litellm_costs.tsv").open(encoding="utf-8", newline="") as lines:
    ROWS = [*csv.DictReader(lines, delimiter="\t")]


@pytest.mark.parametrize("model", MODELS)
def test_requests_cost_what_litellm_says(model: str) -> None:
    rows = [row for row in ROWS if row["model"] == model]
    assert len(rows) == 18
    for row in rows:
        usage = Usage(**USAGES[row["usage"]])
        ours = cost_per_token(model, usage_object=usage, service_tier=row["service_tier"] or None)
        theirs = float(row["prompt_usd"]), float(row["completion_usd"])
        assert ours == pytest.approx(theirs, rel=1e-8), row

"""Spend as LiteLLM's answers have it."""

from __future__ import annotations

from aiollm.proxy.ledger.spend_scripts import Total
from aiollm.proxy.ledger.told import told_row, told_total
from tests.proxy.ledger.rows import row


def test_a_row_has_litellms_names_and_dollars() -> None:
    told = told_row(row("r", cost=1_500_000, status="truncated", first_token=0.25, served_model="s"))
    assert (told["request_id"], told["api_key"], told["spend"], told["total_tokens"]) == ("r", "k", 0.0015, 15)
    assert (told["model"], told["model_group"], told["status"], told["ending"]) == ("s", "m", "failure", "truncated")
    assert told["startTime"] == "2024-10-04T12:00:00.000+00:00"
    assert told["completionStartTime"] == "2024-10-04T12:00:00.250+00:00"
    assert told["request_duration_ms"] == 1000


def test_a_sum_is_named_for_what_it_is_of() -> None:
    assert told_total(Total("2024-10-04", 2, 1, 10, 5, 2_000_000_000), "day") == {
        "date": "2024-10-04",
        "requests": 2,
        "failures": 1,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "spend": 2.0,
    }

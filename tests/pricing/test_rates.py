"""What a token costs in the circumstances of a request, where LiteLLM's recorded figures do not show it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aiollm.pricing.rates import Circumstances, Rates, price_list

PLAIN = {"mode": "chat", "input_cost_per_token": 1.0, "output_cost_per_token": 2.0}
WORKDAYS = {
    "input_cost_per_token": 0.5,
    "weekday_timezone": "Asia/Shanghai",
    "windows": [
        {"hours_utc": ["10:00-00:00", "04:00-06:00"], "weekdays": [1, 2, 3, 4, 5]},
        {"hours_utc": "00:00-00:00", "weekdays": [6, 7]},
    ],
}


def rates(entry: dict[str, Any], **circumstances: Any) -> Rates:
    found = price_list({**PLAIN, **entry}).rates(Circumstances(**circumstances))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "entry", [{}, {"mode": "chat"}, {"input_cost_per_token": 1.0}, {"output_cost_per_token": 1.0, "mode": "embedding"}]
)
def test_without_both_prices_there_are_no_rates(entry: dict[str, Any]) -> None:
    assert price_list(entry).rates(Circumstances()) is None


def test_an_embedding_has_no_answer_to_pay_for() -> None:
    found = price_list({"mode": "embedding", "input_cost_per_token": 1.0}).rates(Circumstances())
    assert found is not None
    assert (found.prompt, found.completion) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("owner", "tokens", "price"), [("a", 200_000, 1.0), ("a", 200_001, 3.0), ("xai", 200_000, 3.0)]
)
def test_a_long_prompt_costs_more_above_the_threshold_and_at_xai_from_it_on(
    owner: str, tokens: int, price: float
) -> None:
    entry = {"input_cost_per_token_above_200k_tokens": 3.0, "litellm_provider": owner}
    assert rates(entry, prompt_tokens=tokens).prompt == price


def test_the_highest_threshold_that_is_crossed_holds() -> None:
    entry = {"input_cost_per_token_above_32k_tokens": 3.0, "input_cost_per_token_above_128k_tokens": 4.0}
    assert [rates(entry, prompt_tokens=tokens).prompt for tokens in (10, 40_000, 200_000)] == [1.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("name", "hangs"), [("input_cost_per_token_flex", True), ("input_cost_per_token_above_200k_tokens", False)]
)
def test_a_price_hangs_on_the_tier_where_the_entry_names_one(name: str, hangs: bool) -> None:
    assert price_list({**PLAIN, name: 0.5}).hangs_on_tier is hangs


@pytest.mark.parametrize(("tier", "price"), [("flex", 0.5), ("Fast", 1.5), ("priority", 1.5), ("default", 1.0)])
def test_a_service_tier_has_its_own_price(tier: str, price: float) -> None:
    entry = {"input_cost_per_token_flex": 0.5, "input_cost_per_token_priority": 1.5}
    assert rates(entry, service_tier=tier).prompt == price


def test_thoughts_follow_the_answer_into_a_tier_when_they_cost_the_same() -> None:
    entry = {"output_cost_per_reasoning_token": 2.0, "output_cost_per_token_flex": 1.0}
    assert rates(entry, service_tier="flex").reasoning == 1.0
    assert rates({"output_cost_per_reasoning_token": 5.0}).reasoning == 5.0


@pytest.mark.parametrize(
    ("at", "price"),
    [
        ("2026-11-26T09:59", 1.0),  # a Thursday
        ("2026-11-26T10:00", 0.5),
        ("2026-11-26T05:30", 0.5),
        ("2026-11-28T08:00", 0.5),
        ("2026-11-27T17:00", 0.5),
        (None, 1.0),
    ],
)
def test_some_models_are_cheaper_at_quiet_hours(at: str | None, price: float) -> None:
    moment = None if at is None else datetime.fromisoformat(at).replace(tzinfo=UTC)
    found = rates({"off_peak_pricing": WORKDAYS}, at=moment)
    assert (found.prompt, found.cache_read, found.completion) == (price, price, 2.0)


def test_a_weekday_is_one_of_the_providers_calendar() -> None:
    saturday_in_shanghai = datetime(2026, 11, 27, 16, 30, tzinfo=UTC)
    night = {"input_cost_per_token": 0.5, "windows": [{"hours_utc": "16:00-17:00", "weekdays": [6]}]}
    assert rates({"off_peak_pricing": night}, at=saturday_in_shanghai).prompt == 1.0
    night["weekday_timezone"] = "Asia/Shanghai"
    assert rates({"off_peak_pricing": night}, at=saturday_in_shanghai).prompt == 0.5
    night["weekday_timezone"] = "Nowhere/Atall"
    assert rates({"off_peak_pricing": night}, at=saturday_in_shanghai).prompt == 1.0

"""What a request cost, where LiteLLM's recorded figures do not show it."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm import Usage
from aiollm.pricing.cost import cost_of, most_of, reported_cost
from aiollm.pricing.rates import Circumstances, price_list

ENTRY = {"mode": "chat", "input_cost_per_token": 1.0, "output_cost_per_token": 2.0}
PLAIN = Usage(prompt_tokens=10, completion_tokens=5)


def total(usage: Usage, *, uplifted: bool = False, **entry: Any) -> float:
    cost = cost_of(price_list({**ENTRY, **entry}), usage, Circumstances(), uplifted=uplifted)
    assert cost is not None
    return cost.total


@pytest.mark.parametrize(
    ("provider", "usage", "usd"),
    [
        ("openrouter", {"cost": 0.25}, 0.25),
        ("openrouter", {"cost": 0}, 0.0),
        ("openrouter", {"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.5}}, 0.51),
        ("openrouter", {"cost": 0.01, "is_byok": False, "cost_details": {"upstream_inference_cost": None}}, 0.01),
        ("perplexity", {"cost": 0.006}, 0.006),
        ("xai", {"cost_in_usd_ticks": 7_940_000}, 0.000794),
        ("xai", {"cost_in_usd_ticks": -1}, None),
        ("xai", {"cost": 3}, None),
        ("openrouter", {}, None),
        ("openrouter", {"cost": "1"}, None),
        ("openrouter", {"cost": -1.0}, None),
        ("nano-gpt", {"cost": 12.0}, None),  # in a unit of its own
    ],
)
def test_what_a_provider_says_that_it_cost(provider: str, usage: dict[str, Any], usd: float | None) -> None:
    assert reported_cost(provider, Usage(**usage)) == pytest.approx(usd)


def test_without_a_price_there_is_no_cost() -> None:
    assert cost_of(price_list({"mode": "chat"}), PLAIN, Circumstances()) is None
    assert most_of(price_list({"mode": "chat"}), 10, Circumstances()) is None


def test_counts_that_contradict_each_other_are_never_paid_twice() -> None:
    usage = Usage(
        prompt_tokens=10,
        completion_tokens=5,
        prompt_tokens_details={"cached_tokens": 8, "audio_tokens": 9, "image_tokens": 9},
        completion_tokens_details={"reasoning_tokens": 4, "audio_tokens": 4},
    )
    assert total(usage, cache_read_input_token_cost=0.0) == 12.0


def test_what_is_cached_of_audio_has_its_own_price() -> None:
    details = {"cached_tokens": 6, "cached_tokens_details": {"audio_tokens": 4}, "audio_tokens": 5}
    usage = Usage(prompt_tokens=10, prompt_tokens_details=details)
    prices = {"cache_read_input_token_cost": 0.1, "cache_read_input_audio_token_cost": 0.5}
    assert total(usage, **prices, input_cost_per_audio_token=3.0) == pytest.approx(3 * 1.0 + 3.0 + 2 * 0.1 + 4 * 0.5)


@pytest.mark.parametrize(
    ("usage", "factor"),
    [
        ({}, 1.0),
        ({"inference_geo": "us"}, 1.1),
        ({"speed": "fast"}, 2.0),
        ({"inference_geo": "US", "speed": "fast"}, 2.2),
    ],
)
def test_claude_costs_more_in_one_country_and_in_its_fast_mode(usage: dict[str, Any], factor: float) -> None:
    counted = Usage(prompt_tokens=10, completion_tokens=5, **usage)
    assert total(counted, provider_specific_entry={"us": 1.1, "fast": 2.0}) == pytest.approx(20.0 * factor)


def test_a_region_costs_more_where_the_table_says_so() -> None:
    assert total(PLAIN, uplifted=True, regional_endpoint_uplift_multiplier=1.1) == pytest.approx(22.0)
    assert total(PLAIN, uplifted=True) == 20.0
    assert total(PLAIN, regional_endpoint_uplift_multiplier=1.1) == 20.0


def test_searches_that_the_usage_counts_are_paid_for() -> None:
    usage = Usage(prompt_tokens=10, completion_tokens=5, server_tool_use={"web_search_requests": 3})
    assert total(usage, search_context_cost_per_query={"search_context_size_medium": 0.01}) == pytest.approx(20.03)
    assert total(usage) == 20.0


def test_the_most_that_a_request_may_cost_has_the_prompt_cached_and_the_answer_thought() -> None:
    entry = {**ENTRY, "cache_creation_input_token_cost": 1.25, "output_cost_per_reasoning_token": 4.0}
    assert most_of(price_list(entry), 5, Circumstances(prompt_tokens=10)) == 10 * 1.25 + 5 * 4.0
    uplifted = {**ENTRY, "regional_endpoint_uplift_multiplier": 1.1}
    assert most_of(price_list(uplifted), 5, Circumstances(prompt_tokens=10), uplifted=True) == pytest.approx(22.0)

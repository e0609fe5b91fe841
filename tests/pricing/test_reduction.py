"""What is taken over from LiteLLM's table, and what is not believed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.pricing.reduction import LEAST_ENTRIES, reduce_source

PLAIN = {"mode": "chat", "litellm_provider": "acme", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
ENOUGH = {f"m{number}": PLAIN for number in range(LEAST_ENTRIES)}


def reduced(**entries: Any) -> Any:
    return reduce_source(json.dumps({**ENOUGH, **entries}).encode())


def test_limits_prices_and_abilities_are_kept() -> None:
    facts = {
        "max_input_tokens": 1000,
        "input_cost_per_token_above_200k_tokens_priority": 3e-6,
        "cache_creation_input_token_cost_above_1hr": 4e-6,
        "supports_vision": True,
        "deprecation_date": "2027-01-01",
    }
    assert reduced(x={**PLAIN, **facts})["x"] == {**PLAIN, **facts}


@pytest.mark.parametrize(
    "fact", [{"supports_vision": False}, {"source": "https://"}, {"input_cost_per_token_batches": 1}]
)
def test_what_is_of_no_use_is_left_out(fact: dict[str, Any]) -> None:
    assert reduced(x={**PLAIN, **fact})["x"] == PLAIN


def test_models_of_other_kinds_are_left_out() -> None:
    assert "x" not in reduced(x={**PLAIN, "mode": "image_generation"}, sample_spec={"mode": "one of"})


def test_an_alias_is_kept_with_its_model() -> None:
    entries = reduced(latest={"alias_of": "m1"}, lost={"alias_of": "an image model"})
    assert entries["latest"] == {"alias_of": "m1"}
    assert "lost" not in entries


def test_a_zero_is_no_price_where_the_provider_is_paid() -> None:
    free = {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0}
    entries = reduced(
        x={**PLAIN, **free, "litellm_provider": "volcengine"}, y={**PLAIN, **free, "litellm_provider": "ollama"}
    )
    assert "input_cost_per_token" not in entries["x"]
    assert entries["y"]["input_cost_per_token"] == 0.0


def test_fireworks_halves_what_is_cached_where_it_names_no_price() -> None:
    entries = reduced(x={**PLAIN, "litellm_provider": "fireworks_ai"})
    assert entries["x"]["cache_read_input_token_cost"] == 5e-7


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (b"<html>", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "0 models with a price"),
        (json.dumps(ENOUGH).encode()[:-100], "not JSON"),
        (json.dumps({**ENOUGH, "x": {**PLAIN, "output_cost_per_token": -1}}).encode(), "output_cost_per_token of 'x'"),
        (json.dumps({**ENOUGH, "x": {**PLAIN, "output_cost_per_token": "1"}}).encode(), "is no price: '1'"),
    ],
    ids=["a web page", "a list", "nothing", "cut", "below 0", "text"],
)
def test_another_file_is_refused_with_the_reason(source: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        reduce_source(source)

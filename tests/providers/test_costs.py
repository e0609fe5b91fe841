"""LiteLLM's questions about money, in its shapes. That the figures are its own is proved in tests/pricing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aiollm import (
    BadRequestError,
    EmbeddingResponse,
    ModelResponse,
    ResponsesAPIResponse,
    Usage,
    completion_cost,
    cost_per_token,
)
from aiollm.types.origin import Origin

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100}
GPT_4O = 1000 * 2.5e-6 + 100 * 1e-5


def response(model: str, provider: str = "", **fields: Any) -> ModelResponse:
    answer = ModelResponse(**{"model": model, "usage": USAGE, **fields})
    answer._origin = Origin(provider=provider) if provider else None
    return answer


@pytest.mark.parametrize(
    "given",
    [
        {"completion_response": response("gpt-4o-2024-08-06", "openai")},
        {"completion_response": response("gpt-4o-2024-08-06", "azure")},
        {"completion_response": response("gpt-4o-2024-08-06"), "model": "azure/mine"},
        {"completion_response": response("nobody-knows"), "model": "openai/gpt-4o"},
        {"completion_response": response("mine", "azure"), "base_model": "azure/gpt-4o"},
        {"completion_response": {"model": "gpt-4o", "usage": USAGE}},
        {"completion_response": {"usage": USAGE}, "model": "gpt-4o", "custom_llm_provider": "openai"},
        {"completion_response": {"model": "gpt-4o", "usage": {"input_tokens": 1000, "output_tokens": 100}}},
        {
            "completion_response": ResponsesAPIResponse(
                model="gpt-4o", usage={"input_tokens": 1000, "output_tokens": 100}
            )
        },
    ],
    ids=range(9),
)
def test_an_answer_is_priced_by_the_model_that_gave_it(given: dict[str, Any]) -> None:
    assert completion_cost(**given) == pytest.approx(GPT_4O)


def test_a_deployment_is_not_priced_by_its_name_when_the_reply_names_another_model() -> None:
    with pytest.raises(BadRequestError, match="price"):
        completion_cost(response("a-model-of-tomorrow"), model="azure/gpt-4o")


def test_embeddings_have_a_cost_too() -> None:
    answer = EmbeddingResponse(model="text-embedding-3-small", usage={"prompt_tokens": 1000})
    assert completion_cost(answer) == pytest.approx(2e-5)


def test_the_tier_that_served_it_counts() -> None:
    assert completion_cost(response("gpt-4o", service_tier="priority")) == pytest.approx(1000 * 4.25e-6 + 100 * 1.7e-5)
    assert completion_cost(response("gpt-4o", service_tier="priority"), service_tier="default") == pytest.approx(GPT_4O)


def test_the_hour_that_served_it_counts() -> None:
    hours = [datetime(2026, 11, 26, hour, tzinfo=UTC) for hour in (2, 4)]
    by_day, by_night = (
        completion_cost(response("deepseek-v4-flash", "deepseek", created=int(at.timestamp()))) for at in hours
    )
    assert by_night == pytest.approx(by_day / 2)


def test_what_the_provider_says_goes_before_the_table() -> None:
    paid = {**USAGE, "cost": 0.25}
    assert completion_cost(response("openai/gpt-4o", "openrouter", usage=paid)) == 0.25
    own = {"input_cost_per_token": 1e-3, "output_cost_per_token": 0.0}
    assert completion_cost(response("x", "openrouter", usage=paid), custom_cost_per_token=own) == pytest.approx(1.0)


@pytest.mark.parametrize(("extra", "usd"), [({}, 1.0), ({"cache_read_input_token_cost": 0.0}, 0.2)])
def test_prices_can_be_given(extra: dict[str, float], usd: float) -> None:
    usage = Usage(**USAGE, prompt_tokens_details={"cached_tokens": 800})
    prices: Any = {"input_cost_per_token": 1e-3, "output_cost_per_token": 0.0, **extra}
    cost = cost_per_token("groq/nobody", usage_object=usage, custom_cost_per_token=prices)
    assert cost == pytest.approx((usd, 0.0))


def test_time_can_have_the_price() -> None:
    assert completion_cost(model="x", total_time=1500.0, custom_cost_per_second=0.02) == pytest.approx(0.03)
    assert cost_per_token("x", response_time_ms=500.0, custom_cost_per_second=0.02) == pytest.approx((0.0, 0.01))


def test_counts_can_be_given_one_by_one() -> None:
    cost = cost_per_token("gpt-4o", 1000, 100, cache_read_input_tokens=200)
    assert cost == pytest.approx((800 * 2.5e-6 + 200 * 1.25e-6, 100 * 1e-5))


def test_a_region_of_a_cloud_has_its_own_price() -> None:
    model = "mistral.mistral-large-2402-v1:0"
    at_home = cost_per_token(f"bedrock/{model}", 1000, 100)
    assert cost_per_token(f"bedrock/{model}", 1000, 100, region_name="eu-west-3") == pytest.approx(
        cost_per_token(f"bedrock/eu-west-3/{model}", 1000, 100)
    )
    assert cost_per_token(f"bedrock/eu-west-3/{model}", 1000, 100) > at_home
    world, place = (
        cost_per_token("vertex_ai/claude-opus-4-5", 1000, region_name=name) for name in ("global", "us-east5")
    )
    assert place[0] == pytest.approx(world[0] * 1.1)


def test_texts_are_counted_where_there_is_no_usage() -> None:
    texts = {"messages": [{"role": "user", "content": "hello"}], "completion": "hello you"}
    sent = completion_cost(model="gpt-4o", **texts)  # type: ignore[arg-type]
    assert 5 * 2.5e-6 < sent < 30 * 2.5e-6 + 10 * 1e-5
    assert 0 < completion_cost(model="gpt-4o", prompt="hello") < sent


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"model": "groq/nobody", "prompt": "hi"}, "register_model or custom_cost_per_token="),
        ({"model": "chatgpt/gpt-6-astra", "prompt": "hi"}, "chatgpt"),
        ({"completion_response": {"usage": USAGE}}, "pass model="),
        ({"completion_response": {"model": "gpt-4o"}}, "no usage"),
        ({"completion_response": "hello"}, "not a str"),
    ],
)
def test_what_cannot_be_priced_is_refused_in_words(given: dict[str, Any], fault: str) -> None:
    with pytest.raises(BadRequestError, match=fault):
        completion_cost(**given)


def test_a_cost_is_a_plain_number() -> None:
    assert json.loads(json.dumps(completion_cost(response("gpt-4o")))) == pytest.approx(GPT_4O)

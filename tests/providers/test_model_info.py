"""LiteLLM's questions about a model, in its shapes."""

from __future__ import annotations

import inspect

import pytest

import aiollm
from aiollm import BadRequestError, get_max_tokens, get_model_info
from aiollm.providers import model_info


def test_what_is_known_of_a_model() -> None:
    info = get_model_info("gpt-4o")
    expected = {
        "key": "gpt-4o",
        "litellm_provider": "openai",
        "mode": "chat",
        "max_tokens": 16384,
        "max_input_tokens": 128000,
        "max_output_tokens": 16384,
        "input_cost_per_token": 2.5e-06,
        "output_cost_per_token": 1e-05,
        "cache_creation_input_token_cost": None,
        "supports_vision": True,
    }
    assert {name: info[name] for name in expected} == expected
    assert "temperature" in info["supported_openai_params"]


@pytest.mark.parametrize(
    ("model", "provider", "key"),
    [
        ("groq/openai/gpt-oss-120b", None, "groq/openai/gpt-oss-120b"),
        ("gpt-4o", "azure", "azure/gpt-4o"),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", None, "anthropic.claude-haiku-4-5-20251001-v1:0"),
        (
            "bedrock/us-west-2/mistral.mistral-large-2402-v1:0",
            None,
            "bedrock/us-west-2/mistral.mistral-large-2402-v1:0",
        ),
        ("bedrock/converse/amazon.nova-pro-v1:0", None, "amazon.nova-pro-v1:0"),
        ("openai/responses/gpt-4o", None, "gpt-4o"),
    ],
)
def test_a_model_is_found_by_its_own_name_and_by_the_tables(model: str, provider: str | None, key: str) -> None:
    assert get_model_info(model, provider)["key"] == key


def test_a_model_that_only_the_table_knows_has_no_parameters() -> None:
    assert get_model_info("voyage/voyage-3-large")["supported_openai_params"] is None


def test_the_longest_answer() -> None:
    assert get_max_tokens("gemini/gemini-2.5-pro") == 65536
    assert get_max_tokens("text-embedding-3-small") is None


@pytest.mark.parametrize("ask", [get_max_tokens, get_model_info])
@pytest.mark.parametrize(("model", "fault"), [("groq/nobody", "register_model"), ("gorq/m", "unknown provider 'gorq'")])
def test_an_unknown_model_is_refused_in_words(ask: object, model: str, fault: str) -> None:
    with pytest.raises(BadRequestError, match=fault):
        ask(model)  # type: ignore[operator]


@pytest.mark.parametrize("name", [name for name in model_info.__all__ if name.startswith("supports_")])
def test_an_ability_is_that_of_the_table(name: str) -> None:
    supports = getattr(aiollm, name)
    assert supports.__name__ == name
    assert "False for a model it does not know" in (inspect.getdoc(supports) or "")
    assert [supports(model) for model in ("groq/nobody", "gorq/m")] == [False, False]


def test_models_differ_in_their_abilities() -> None:
    assert aiollm.supports_vision("gpt-4o")
    assert aiollm.supports_reasoning("o3")
    assert not aiollm.supports_vision("gpt-3.5-turbo")
    assert aiollm.supports_function_calling("gpt-4o", custom_llm_provider="azure")

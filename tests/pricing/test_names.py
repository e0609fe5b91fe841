"""Under which names a model is looked up: this very model, and no other."""

from __future__ import annotations

import pytest

from aiollm.pricing.names import belongs, names_of, provider_of

FOUNDATION = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-x"


@pytest.mark.parametrize(
    ("provider", "model", "region", "names"),
    [
        ("openai", "gpt-4o", None, ["openai/gpt-4o", "gpt-4o"]),
        (
            "openai",
            "ft:gpt-4o:me::1",
            None,
            ["openai/ft:gpt-4o:me::1", "ft:gpt-4o:me::1", "openai/ft:gpt-4o", "ft:gpt-4o"],
        ),
        ("cohere_chat", "c", None, ["cohere/c", "cohere_chat/c", "c"]),
        ("amazon_nova", "n", None, ["amazon-nova/n", "n"]),
        ("bedrock", "m.x", "eu-west-1", ["bedrock/eu-west-1/m.x", "bedrock/m.x", "m.x"]),
        ("bedrock", "us.m.x", None, ["bedrock/us.m.x", "us.m.x", "bedrock/m.x", "m.x"]),
        ("bedrock", "eu.anthropic.claude-x", None, ["bedrock/eu.anthropic.claude-x", "eu.anthropic.claude-x"]),
        ("bedrock", FOUNDATION, None, ["bedrock/anthropic.claude-x", "anthropic.claude-x"]),
        (
            "fireworks_ai",
            "accounts/fireworks/models/g",
            None,
            ["fireworks_ai/accounts/fireworks/models/g", "accounts/fireworks/models/g", "fireworks_ai/g", "g"],
        ),
        ("gemini", "models/g", None, ["gemini/models/g", "models/g", "gemini/g", "g"]),
        ("vertex_ai", "c@default", None, ["vertex_ai/c@default", "c@default", "vertex_ai/c", "c"]),
        ("vertex_ai", "c@20250101", None, ["vertex_ai/c@20250101", "c@20250101"]),
    ],
)
def test_the_names(provider: str, model: str, region: str | None, names: list[str]) -> None:
    assert [*names_of(provider, model, region)] == names


@pytest.mark.parametrize(
    ("owner", "provider", "is_its_own"),
    [
        ("openai", "openai", True),
        ("openai", "groq", False),
        ("bedrock_converse", "bedrock", True),
        ("vertex_ai-anthropic_models", "vertex_ai", True),
        ("vertex_ai-anthropic_models", "anthropic", False),
        (None, "anybody", True),
    ],
)
def test_an_entry_is_its_providers_alone(owner: str | None, provider: str, is_its_own: bool) -> None:
    assert belongs({} if owner is None else {"litellm_provider": owner}, provider) is is_its_own


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("openai", "openai"),
        ("text-completion-openai", "openai"),
        ("bedrock_converse", "bedrock"),
        ("cohere_chat", "cohere"),
        ("ollama", "ollama"),
        ("vertex_ai-llama_models", "vertex_ai"),
        ("voyage", "voyage"),
    ],
)
def test_the_provider_of_an_entry(owner: str, name: str) -> None:
    assert provider_of({"litellm_provider": owner}) == name

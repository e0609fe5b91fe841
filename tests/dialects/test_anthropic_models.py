"""What a Claude model takes, by its name."""

import pytest

from aiollm.dialects.anthropic_models import UNKNOWN_MAX_TOKENS, model_facts


@pytest.mark.parametrize(
    ("name", "max_tokens"),
    [
        ("claude-3-haiku-20240307", 4096),
        ("claude-3-5-sonnet-20241022", 8192),
        ("claude-3-7-sonnet-latest", 64_000),
        ("claude-opus-4-20250514", 32_000),
        ("claude-opus-4-1@20250805", 32_000),
        ("claude-sonnet-4@20250514", 64_000),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", 64_000),
        ("Claude-Opus-4.5", 64_000),
        ("claude-sonnet-4-6", 128_000),
        ("claude-fable-5-1", 128_000),
        ("claude-mythos-preview", 128_000),
        ("claude-2.1", UNKNOWN_MAX_TOKENS),
        ("smollm2", UNKNOWN_MAX_TOKENS),
    ],
)
def test_the_longest_answer_is_read_from_the_name(name: str, max_tokens: int) -> None:
    assert model_facts(name).max_tokens == max_tokens


@pytest.mark.parametrize(
    ("name", "thinks", "adaptive", "only_adaptive"),
    [
        ("claude-3-5-haiku-20241022", False, False, False),
        ("claude-3-7-sonnet-20250219", True, False, False),
        ("claude-sonnet-4-5", True, False, False),
        ("claude-opus-4-6", True, True, False),
        ("claude-opus-4-7", True, True, True),
        ("claude-sonnet-5", True, True, True),
        ("smollm2", True, False, False),
    ],
)
def test_how_a_model_thinks_is_read_from_the_name(name: str, thinks: bool, adaptive: bool, only_adaptive: bool) -> None:
    facts = model_facts(name)
    assert (facts.thinks, facts.adaptive, facts.only_adaptive) == (thinks, adaptive, only_adaptive)


@pytest.mark.parametrize(
    ("name", "samples", "schemas"),
    [
        ("claude-opus-4-1", True, False),
        ("claude-haiku-4-5", True, True),
        ("claude-sonnet-4-6", True, True),
        ("claude-opus-4-8", False, True),
        ("claude-haiku-5-5", False, True),
        ("smollm2", True, False),
    ],
)
def test_sampling_and_schemas_are_read_from_the_name(name: str, samples: bool, schemas: bool) -> None:
    facts = model_facts(name)
    assert (facts.samples, facts.schemas) == (samples, schemas)

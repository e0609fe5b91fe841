"""LiteLLM's questions, in its shapes."""

import pytest

from aiollm.exceptions import BadRequestError
from aiollm.providers import get_llm_provider, get_supported_openai_params, validate_environment


def test_a_model_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "g")
    assert get_llm_provider("groq/openai/gpt-oss-20b") == (
        "openai/gpt-oss-20b",
        "groq",
        "g",
        "https://api.groq.com/openai/v1",
    )
    assert get_llm_provider("gpt-4o") == ("gpt-4o", "openai", None, "https://api.openai.com/v1")
    assert get_llm_provider("lm_studio/m") == ("m", "lm_studio", None, "http://localhost:1234/v1")
    assert get_llm_provider("local/smollm2") == ("smollm2", "local", None, None)
    assert get_llm_provider("vertex_ai/gemini-2.5-pro") == ("gemini-2.5-pro", "vertex_ai", None, None)


def test_what_the_caller_gives_wins() -> None:
    assert get_llm_provider("m", "litellm_proxy", "http://127.0.0.1:4000", "k") == (
        "m",
        "litellm_proxy",
        "k",
        "http://127.0.0.1:4000",
    )


def test_the_key_in_the_answer_is_not_shown() -> None:
    assert "k3y" not in repr(get_llm_provider("gpt-4o", api_key="k3y"))


def test_an_unknown_provider_is_refused() -> None:
    for ask in (get_llm_provider, validate_environment, get_supported_openai_params):
        with pytest.raises(BadRequestError, match="gorq"):
            ask("gorq/m")


@pytest.mark.parametrize(
    ("model", "missing"),
    [
        ("gpt-4o", ["OPENAI_API_KEY"]),
        ("together_ai/m", ["TOGETHER_API_KEY"]),
        ("cloudflare/m", ["CLOUDFLARE_API_KEY", "CLOUDFLARE_ACCOUNT_ID"]),
        ("litellm_proxy/m", ["LITELLM_PROXY_API_KEY", "LITELLM_PROXY_API_BASE"]),
        ("bedrock/m", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION_NAME"]),
        ("bedrock/us-west-2/m", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]),
        ("hosted_vllm/m", []),
        ("local/m", []),
    ],
)
def test_missing_variables_are_named(model: str, missing: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert validate_environment(model) == {"keys_in_environment": not missing, "missing_keys": missing}
    for variable in missing:
        monkeypatch.setenv(variable, "x")
    assert validate_environment(model) == {"keys_in_environment": True, "missing_keys": []}


def test_what_is_passed_is_not_missing() -> None:
    report = validate_environment("litellm_proxy/m", api_key="k", api_base="http://127.0.0.1:4000")
    assert report == {"keys_in_environment": True, "missing_keys": []}


def test_any_of_several_key_variables_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_AI_TOKEN", "t")
    assert validate_environment("together_ai/m")["keys_in_environment"]


def test_a_token_stands_for_the_keys_of_a_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "t")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert validate_environment("bedrock/m") == {"keys_in_environment": True, "missing_keys": []}


def test_a_region_in_the_models_name_is_part_of_the_address() -> None:
    assert get_llm_provider("bedrock/us-west-2/amazon.nova-pro-v1:0") == (
        "amazon.nova-pro-v1:0",
        "bedrock",
        None,
        "https://bedrock-runtime.us-west-2.amazonaws.com",
    )


def test_a_route_has_its_own_parameters() -> None:
    converse = get_supported_openai_params("bedrock/anthropic.claude-x")
    prompt = get_supported_openai_params("bedrock/invoke/meta.llama3-70b-instruct-v1:0")
    assert {"tools", "reasoning_effort", "response_format", "stop"} <= set(converse)
    assert not {"tools", "reasoning_effort", "response_format", "stop"} & set(prompt)
    assert "seed" not in converse


def test_supported_parameters_leave_out_what_the_provider_does_not_take() -> None:
    openai = get_supported_openai_params("gpt-4o")
    perplexity = get_supported_openai_params("sonar", custom_llm_provider="perplexity")
    assert {"stream", "stream_options", "tools", "seed", "max_completion_tokens"} <= set(openai)
    assert set(openai) - set(perplexity) >= {"tools", "seed", "stream_options"}
    assert openai == sorted(openai)

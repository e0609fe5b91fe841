"""How each provider is asked to go on with an answer, and who is never asked."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.table import dialect_of
from aiollm.providers import resolve
from aiollm.providers.catalog import read_catalog
from aiollm.types.request import Request

MESSAGES = [{"role": "user", "content": "Why?"}]


def prefilled(model: str, base_url: str | None = None, **params: Any) -> Request | None:
    """The request that has the model begin with "Because"."""
    target = resolve(model, api_key="sk-0", base_url=base_url, options={"aws_region_name": "eu-west-1"})
    request = Request(model=target.model, messages=MESSAGES, params=params, stream=True)
    rule = target.provider.prefill
    return None if rule is None else rule(request, target.endpoint, "Because")


@pytest.mark.parametrize(
    ("model", "marks"),
    [
        ("mistral/mistral-large-latest", {"prefix": True}),
        ("deepseek/deepseek-chat", {"prefix": True}),
        ("moonshot/kimi-k2", {"partial": True}),
        ("dashscope/qwen-max", {"partial": True}),
        ("llama_cpp/any", {}),
        ("hosted_vllm/any", {}),
        ("anthropic/claude-3-5-haiku-latest", {}),
        ("anthropic/claude-sonnet-4-5", {}),
        ("vertex_ai/claude-3-7-sonnet@20250219", {}),
        ("bedrock/invoke/anthropic.claude-3-haiku-20240307-v1:0", {}),
    ],
)
def test_the_last_turn_is_the_beginning(model: str, marks: dict[str, Any]) -> None:
    request = prefilled(model)
    assert request is not None
    assert request.messages == [*MESSAGES, {"role": "assistant", "content": "Because", **marks}]
    assert MESSAGES == [{"role": "user", "content": "Why?"}]


@pytest.mark.parametrize("model", ["mistral/mistral-large-latest", "hosted_vllm/any", "anthropic/claude-sonnet-4-5"])
def test_the_dialect_writes_it_down(model: str) -> None:
    target = resolve(model, api_key="sk-0")
    request = prefilled(model)
    assert request is not None
    body = dialect_of(target.provider.dialect).encode(request, target.endpoint).body
    assert b'"Because"' in body
    assert (b'"prefix":true' in body) == model.startswith("mistral")
    assert (b'"continue_final_message":true' in body) == model.startswith("hosted_vllm")
    assert (b'"add_generation_prompt":false' in body) == model.startswith("hosted_vllm")


@pytest.mark.parametrize(
    "model",
    [
        "anthropic/claude-opus-4-6",
        "anthropic/claude-sonnet-4-6",
        "anthropic/claude-opus-5",
        "anthropic/claude-of-tomorrow",
        "openai/gpt-4o",
        "groq/llama-3.3-70b-versatile",
        "gemini/gemini-2.5-pro",
        "cohere/command-a",
        "openai/responses/gpt-4o",
        "bedrock/anthropic.claude-3-haiku-20240307-v1:0",
    ],
)
def test_who_is_not_known_to_go_on_is_not_asked(model: str) -> None:
    assert prefilled(model) is None


def test_nobody_is_asked_by_way_of_the_responses_api() -> None:
    assert resolve("mistral/any", api_key="sk-0", api="responses").provider.prefill is None


def test_claude_does_not_go_on_when_it_is_to_think_first() -> None:
    assert prefilled("anthropic/claude-sonnet-4-5", reasoning_effort="low") is None
    assert prefilled("anthropic/claude-sonnet-4-5", thinking={"type": "enabled", "budget_tokens": 1024}) is None


def test_deepseek_goes_on_below_beta_only() -> None:
    assert prefilled("deepseek/deepseek-chat", "https://api.deepseek.com/beta") is not None
    assert prefilled("deepseek/deepseek-chat", "https://api.deepseek.com/v1") is None


def test_the_callers_own_body_is_kept() -> None:
    target = resolve("hosted_vllm/any", api_key="sk-0")
    request = Request(model="any", messages=MESSAGES, extra_body={"top_k": 5})
    assert target.provider.prefill is not None
    prefilled = target.provider.prefill(request, target.endpoint, "Because")
    assert prefilled is not None
    assert prefilled.extra_body == {"top_k": 5, "continue_final_message": True, "add_generation_prompt": False}


def test_the_rows_that_go_on() -> None:
    rows = read_catalog()
    known = {
        name for name, row in rows.items() if row.prefill or any("prefill" in model for model in row.models.values())
    }
    hosts = {"anthropic", "bedrock", "vertex_ai", "dashscope", "deepseek", "mistral", "moonshot"}
    assert known == {*hosts, "hosted_vllm", "llama_cpp", "local"}

"""Which models and requests go by way of the Responses API, and where it is."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.exceptions import BadRequestError
from aiollm.providers import Provider, providers, resolve
from aiollm.providers.responses import chat_needs_responses, responses_row
from aiollm.types.secret import Secret

KEY = Secret("k-0123456789")
TOOLS = [{"type": "function", "function": {"name": "f"}}]
AZURE = dict.fromkeys(("AZURE_API_BASE", "AZURE_AI_API_BASE"), "https://a.openai.azure.com")
CUSTOM = [{"type": "custom", "custom": {"name": "c"}}]


def dialect(model: str) -> str:
    return resolve(model, api_key=KEY, environ=AZURE).provider.dialect


@pytest.mark.parametrize(
    "model",
    [
        "gpt-5-codex",
        "openai/gpt-5.1-codex-max",
        "openai/gpt-5.2-pro-2025-12-11",
        "openai/codex-mini-latest",
        "o1-pro",
        "o3-pro-2025-06-10",
        "o3-deep-research",
        "o4-mini-deep-research",
        "openai/responses/gpt-4o",
        "azure/responses/mine",
        "azure/gpt-5-codex",
        "azure_ai/gpt-5.4-pro",
    ],
)
def test_models_that_have_no_chat_completions(model: str) -> None:
    assert dialect(model) == "responses"


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-5", "gpt-5-chat-latest", "o3-mini", "o1-preview", "azure/mine", "azure/o3"]
)
def test_models_that_have(model: str) -> None:
    assert dialect(model) == "openai"


@pytest.mark.parametrize(
    ("model", "params", "needed"),
    [
        ("gpt-5.4", {"tools": TOOLS}, True),
        ("gpt-5.10-mini", {"tools": TOOLS, "reasoning_effort": "high"}, True),
        ("gpt-6", {"tools": TOOLS, "reasoning_effort": {"effort": "low"}}, True),
        ("azure/gpt-5.4", {"tools": TOOLS}, True),
        ("gpt-5.4", {"tools": TOOLS, "reasoning_effort": "none"}, False),
        ("gpt-5.4", {"tools": TOOLS, "reasoning_effort": {"effort": "none"}}, False),
        ("gpt-5.4", {"tools": CUSTOM}, False),
        ("gpt-5.4", {"reasoning_effort": "high"}, False),
        ("gpt-5.3", {"tools": TOOLS}, False),
        ("gpt-4o", {"tools": TOOLS}, False),
        ("azure/gpt-35-turbo", {"tools": TOOLS}, False),
        ("openrouter/openai/gpt-5.4", {"tools": TOOLS}, False),
    ],
)
def test_requests_that_chat_completions_refuse(model: str, params: dict[str, Any], needed: bool) -> None:
    target = resolve(model, api_key=KEY, environ=AZURE)
    assert chat_needs_responses(target, params) is needed


def test_another_server_with_a_model_of_such_a_name_is_left_alone() -> None:
    target = resolve("openai/gpt-5.4", api_key=KEY, base_url="https://gateway.example/v1", environ={})
    assert not chat_needs_responses(target, {"tools": TOOLS})


@pytest.mark.parametrize(
    ("model", "base", "expected"),
    [
        ("gpt-4o", None, "https://api.openai.com/v1/responses"),
        ("openai/m", "https://h/v1/", "https://h/v1/responses"),
        ("openai/m", "https://h/v1/responses", "https://h/v1/responses"),
        ("openai/m", "https://h/v1/chat/completions", "https://h/v1/responses"),
        ("xai/grok-4", None, "https://api.x.ai/v1/responses"),
        ("oobabooga/m", "http://127.0.0.1:5000", "http://127.0.0.1:5000/v1/responses"),
    ],
)
def test_it_is_beside_the_chat(model: str, base: str | None, expected: str) -> None:
    assert resolve(model, api_key=KEY, base_url=base, api="responses", environ={}).endpoint.url == expected


def test_its_row_has_none_of_the_changes_that_are_for_chat() -> None:
    row = responses_row(providers()["deepseek"])
    assert (row.quirks, row.renames, row.developer_role, row.dialect) == ((), {}, "developer", "responses")
    assert responses_row(providers()["deepseek"]) is row
    assert responses_row(row) is row


def test_a_format_of_its_own_has_no_responses_api() -> None:
    with pytest.raises(BadRequestError, match="x has no Responses API"):
        responses_row(Provider(name="x", dialect="other"))
    with pytest.raises(BadRequestError, match="local has no Responses API"):
        resolve("local/smollm2", api="responses", environ={})

"""What chunks and whole answers have in common."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.openai_message import broken_off, normal_message


@pytest.mark.parametrize(
    ("said", "content", "reasoning"),
    [
        ({"content": "a"}, "a", None),
        ({"content": "a", "reasoning": "b"}, "a", "b"),
        ({"content": None, "reasoning_text": "b"}, None, "b"),
        ({"content": "", "reasoning_content": "b", "reasoning": "c"}, "", "b"),
        ({"content": ["a", {"type": "text", "text": "b"}]}, "ab", None),
        ({"content": [{"type": "thinking", "thinking": [{"text": "b"}]}, {"text": "a"}]}, "a", "b"),
        ({"content": [{"type": "reasoning", "summary": "b"}]}, "", "b"),
        ({"content": {"title": "é"}}, '{"title":"é"}', None),
    ],
)
def test_text_and_reasoning_are_where_openai_has_them(
    said: dict[str, Any], content: str | None, reasoning: str | None
) -> None:
    fields = normal_message(said)
    assert (fields.get("content"), fields.get("reasoning_content")) == (content, reasoning)


def test_nulls_are_dropped_but_from_fields_nobody_knows() -> None:
    assert normal_message({"content": None, "role": "assistant", "spare": None}) == {"role": "assistant", "spare": None}


@pytest.mark.parametrize(
    "part",
    [
        {"type": "thinking", "thinking": [{"type": "text", "text": "b"}], "signature": "s"},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "b", "signature": "s"}]},
    ],
    ids=["mistral", "databricks"],
)
def test_reasoning_that_is_signed_keeps_its_signature(part: dict[str, Any]) -> None:
    fields = normal_message({"content": [part, "a"]})
    assert fields == {
        "content": "a",
        "reasoning_content": "b",
        "thinking_blocks": [{"type": "thinking", "thinking": "b", "signature": "s"}],
    }


@pytest.mark.parametrize("part", ["a", {"type": "thinking", "thinking": [{"text": "b"}]}])
def test_reasoning_without_a_signature_makes_no_blocks(part: Any) -> None:
    assert "thinking_blocks" not in normal_message({"content": [part]})


def test_a_function_call_without_a_name_is_none() -> None:
    assert normal_message({"content": "a", "function_call": {"name": "", "arguments": ""}}) == {"content": "a"}
    assert "function_call" in normal_message({"function_call": {"name": "f", "arguments": ""}})


@pytest.mark.parametrize(
    ("choice", "kind", "code"),
    [
        ({"finish_reason": "ERROR"}, e.InternalServerError, "ERROR"),
        ({"finish_reason": "error", "error": {"code": 429, "message": "slow down"}}, e.RateLimitError, "429"),
    ],
)
def test_an_answer_that_was_broken_off(choice: dict[str, Any], kind: type[e.APIError], code: str) -> None:
    error = broken_off(choice, provider="acme", model="m")
    assert (type(error), error.code, error.llm_provider, error.model) == (kind, code, "acme", "m")

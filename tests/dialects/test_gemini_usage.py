"""Gemini's counts in OpenAI's terms."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.gemini_usage import gemini_usage


def test_thoughts_are_part_of_the_completion() -> None:
    usage = gemini_usage(
        {
            "promptTokenCount": 10,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 7,
            "totalTokenCount": 22,
            "cachedContentTokenCount": 4,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 8}, {"modality": "IMAGE", "tokenCount": 2}],
            "candidatesTokensDetails": [{"modality": 1, "tokenCount": 5}],
            "trafficType": "ON_DEMAND",
        }
    )
    assert usage is not None
    assert usage.model_dump() == {
        "prompt_tokens": 10,
        "completion_tokens": 12,
        "total_tokens": 22,
        "prompt_tokens_details": {"text_tokens": 8, "image_tokens": 2, "cached_tokens": 4},
        "completion_tokens_details": {"text_tokens": 5, "reasoning_tokens": 7},
        "traffic_type": "ON_DEMAND",
        "cache_read_input_tokens": 4,
    }


def test_thoughts_that_are_counted_already_are_not_counted_again() -> None:
    counts = {"promptTokenCount": 10, "candidatesTokenCount": 12, "thoughtsTokenCount": 7, "totalTokenCount": 22}
    usage = gemini_usage(counts)
    assert usage is not None
    assert (usage.completion_tokens, usage.completion_tokens_details.reasoning_tokens) == (12, 7)


def test_tokens_of_googles_tools_are_told_by_name() -> None:
    usage = gemini_usage(
        {"promptTokenCount": 10, "candidatesTokenCount": 5, "toolUsePromptTokenCount": 30, "totalTokenCount": 45}
    )
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (10, 5, 45)
    assert usage["tool_use_prompt_tokens"] == 30


def test_a_total_that_is_missing_is_the_sum() -> None:
    usage = gemini_usage({"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": None})
    assert usage is not None
    assert usage.total_tokens == 15


@pytest.mark.parametrize("counts", [None, {}, {"trafficType": "ON_DEMAND"}, [], "x"])
def test_no_counts_are_no_usage(counts: Any) -> None:
    assert gemini_usage(counts) is None

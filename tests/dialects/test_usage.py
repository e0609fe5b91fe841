from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.dialects.usage import usage_from_object


@pytest.mark.parametrize("counts", [None, {}, [], "x", 5, {"a": None}, {"a": "b"}, {"details": {}}])
def test_what_holds_no_counts_is_no_usage(counts: Any) -> None:
    assert usage_from_object(counts) is None


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}, (3, 4, 7)),
        ({"prompt_tokens": 3, "completion_tokens": 4}, (3, 4, 7)),
        ({"prompt_tokens": 3, "completion_tokens": None, "total_tokens": None}, (3, 0, 3)),
        ({"prompt_tokens": 3.0, "completion_tokens": -1, "total_tokens": "7"}, (3, 0, 3)),
        (
            {
                "prompt_tokens": 3,
                "completion_tokens": 4,
                "total_tokens": 12,
                "completion_tokens_details": {"reasoning_tokens": 5},
            },
            (3, 9, 12),
        ),
        (
            {
                "prompt_tokens": 3,
                "completion_tokens": 9,
                "total_tokens": 12,
                "completion_tokens_details": {"reasoning_tokens": 5},
            },
            (3, 9, 12),
        ),
        ({"prompt_tokens": float("nan"), "completion_tokens": float("inf"), "total_tokens": 1}, (0, 0, 1)),
    ],
)
def test_the_three_counts(counts: dict[str, Any], expected: tuple[int, int, int]) -> None:
    usage = usage_from_object(counts)
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == expected


@pytest.mark.parametrize("name", ["prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_tokens"])
def test_tokens_read_from_a_cache(name: str) -> None:
    usage = usage_from_object({"prompt_tokens": 9, name: 5})
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert (usage.prompt_tokens_details.cached_tokens, usage[name]) == (5, 5)


def test_tokens_written_to_a_cache() -> None:
    usage = usage_from_object({"prompt_tokens": 9, "cache_creation_input_tokens": 5})
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert (usage.prompt_tokens_details.cache_write_tokens, usage.prompt_tokens_details.cache_creation_tokens) == (5, 5)
    assert usage.cache_creation_input_tokens == 5


def test_the_details_win_over_the_count_beside_them() -> None:
    usage = usage_from_object(
        {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}, "prompt_cache_hit_tokens": 5}
    )
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 4


def test_reasoning_tokens_are_a_detail_of_the_completion() -> None:
    usage = usage_from_object({"completion_tokens": 9, "reasoning_tokens": 5})
    assert usage is not None
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 5


@pytest.mark.parametrize("details", [None, [], "x", 5])
def test_details_of_another_type_are_left_out(details: Any) -> None:
    usage = usage_from_object(
        {"prompt_tokens": 1, "prompt_tokens_details": details, "completion_tokens_details": details}
    )
    assert usage is not None
    assert (usage.prompt_tokens_details, usage.completion_tokens_details) == (None, None)


def test_a_cost_that_is_no_number_is_dropped() -> None:
    usage = usage_from_object({"prompt_tokens": 1, "cost": float("nan")})
    assert usage is not None
    assert "cost" not in usage


def test_further_counts_keep_their_names() -> None:
    usage = usage_from_object({"prompt_tokens": 1, "queue_time": 0.5, "cost": 0.25, "cost_details": {"a": 1}})
    assert usage is not None
    assert (usage.queue_time, usage.cost, usage.cost_details) == (0.5, 0.25, {"a": 1})


def test_a_cost_in_parts_is_its_total() -> None:
    usage = usage_from_object({"total_tokens": 7, "cost": {"input_tokens_cost": 0.1, "total_cost": 0.25}})
    assert usage is not None
    assert usage.cost == 0.25


def test_a_null_in_the_details_counts_nothing() -> None:
    usage = usage_from_object({"total_tokens": 7, "cached_tokens": 3, "prompt_tokens_details": {"cached_tokens": None}})
    assert usage is not None
    assert usage.model_dump()["prompt_tokens_details"] == {"cached_tokens": 3}


def test_a_count_that_json_could_not_carry_on_is_none() -> None:
    usage = usage_from_object({"prompt_tokens": 1e300, "completion_tokens": 10**30, "total_tokens": 7})
    assert usage is not None
    assert json.loads(usage.model_dump_json())["total_tokens"] == 7

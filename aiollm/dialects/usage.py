"""Token counts: the many names, and OpenAI's."""

from __future__ import annotations

import math
from typing import Any

from aiollm.types.lenient import whole_number
from aiollm.types.shape import EMPTY, JSON
from aiollm.types.usage import Usage

__all__ = ["usage_from_object"]

_COUNTS = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})


def usage_from_object(counts: JSON) -> Usage | None:
    """Return a provider's usage object in OpenAI's terms, or None when it holds no counts.

    DeepSeek's and Anthropic's cache counts become `prompt_tokens_details`; every count keeps its own name as well.
    """
    if not counts or not isinstance(counts, dict):
        return None
    if counts.keys() == _COUNTS and all(type(count) is int and count > 0 for count in counts.values()):
        return Usage(**counts)
    if not any(isinstance(value, int | float) for value in counts.values()):
        return None
    known = {name: value for name, value in counts.items() if value is not None}
    for name in _COUNTS:
        known[name] = whole_number(known.get(name))
    _settle_cost(known)
    _fill_details(known)
    _count_reasoning_once(known)
    known["total_tokens"] = known["total_tokens"] or known["prompt_tokens"] + known["completion_tokens"]
    return Usage(**known)


def _settle_cost(known: dict[str, Any]) -> None:
    """Leave the cost as one number: Perplexity sends its parts and their total."""
    cost: JSON = known.pop("cost", None)
    if isinstance(cost, dict):
        known.setdefault("cost_details", cost)
        cost = cost.get("total_cost")
    if cost is not None and not (isinstance(cost, float) and not math.isfinite(cost)):
        known["cost"] = cost


def _fill_details(known: dict[str, Any]) -> None:
    cached = known.get("prompt_cache_hit_tokens", known.get("cache_read_input_tokens", known.get("cached_tokens")))
    written = known.get("cache_creation_input_tokens")
    prompt = _details(known.get("prompt_tokens_details"))
    if cached is not None:
        prompt.setdefault("cached_tokens", cached)
    if written is not None:
        prompt.setdefault("cache_write_tokens", written)
        prompt.setdefault("cache_creation_tokens", written)
    completion = _details(known.get("completion_tokens_details"))
    if known.get("reasoning_tokens") is not None:
        completion.setdefault("reasoning_tokens", known["reasoning_tokens"])
    known["prompt_tokens_details"] = prompt or None
    known["completion_tokens_details"] = completion or None


def _count_reasoning_once(known: dict[str, Any]) -> None:
    """Put reasoning into the completion where the provider counts it beside (xAI): the total gives it away."""
    reasoning = whole_number((known.get("completion_tokens_details") or EMPTY).get("reasoning_tokens"))
    spoken = known["prompt_tokens"] + known["completion_tokens"]
    if reasoning and known["total_tokens"] == spoken + reasoning:
        known["completion_tokens"] += reasoning


def _details(value: JSON) -> dict[str, Any]:
    return {name: count for name, count in value.items() if count is not None} if isinstance(value, dict) else {}

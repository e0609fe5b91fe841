"""Bedrock's token counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.dialects.usage import usage_from_object
from aiollm.types.lenient import whole_number
from aiollm.types.shape import JSON
from aiollm.types.usage import Usage

__all__ = ["METRICS", "converse_usage"]

METRICS = "amazon-bedrock-invocationMetrics"
"""The member that AWS puts its own counts into, in the last event of a model's own format."""


def converse_usage(counts: JSON, fields: Any = None) -> Usage | None:
    """Return the counts in OpenAI's terms, or None when there are none.

    Args:
        counts: `usage` of a Converse reply; its input does not include what was read from and written to the cache.
        fields: the model's own fields of the reply, where Claude counts its thinking.
    """
    if not isinstance(counts, Mapping) or not counts:
        return None
    read, written = _cache(counts, "Read"), _cache(counts, "Write")
    prompt = whole_number(counts.get("inputTokens")) + whole_number(read) + whole_number(written)
    completion = whole_number(counts.get("outputTokens"))
    found: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": max(prompt + completion, whole_number(counts.get("totalTokens"))),
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
    }
    thinking = _thinking_tokens(fields)
    if thinking is not None:
        found["completion_tokens_details"] = {"reasoning_tokens": thinking}
    if details := counts.get("cacheDetails"):
        found["prompt_tokens_details"] = {
            "cache_creation_token_details": {
                f"ephemeral_{part['ttl']}_input_tokens": part.get("inputTokens") for part in details
            }
        }
    return usage_from_object(found)


def _cache(counts: Mapping[str, Any], way: str) -> Any:
    return counts.get(f"cache{way}InputTokens", counts.get(f"cache{way}InputTokenCount"))


def _thinking_tokens(fields: JSON) -> Any:
    for name in ("usage", "output_tokens_details", "thinking_tokens"):
        fields = fields.get(name) if isinstance(fields, Mapping) else None
    return fields

"""LiteLLM's table of models, reduced to what is used here: models of text, their limits, prices and abilities.

The source is `model_prices_and_context_window.json` of https://github.com/BerriAI/litellm (MIT), which its package
holds as well. An entry keeps its name and its members' names; what members mean was verified in LiteLLM 1.110.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from aiollm.pricing.entry import Entry, is_price
from aiollm.types.shape import JSON, is_object

__all__ = ["reduce_source"]

LEAST_ENTRIES = 100
"""A source with fewer models than this is not the whole of it."""

_MODES = frozenset({"chat", "responses", "embedding", "completion"})
_FACTS = frozenset({
    "alias_of", "deprecation_date", "litellm_provider", "max_input_tokens", "max_output_tokens", "max_tokens", "mode",
    "off_peak_pricing", "output_vector_size", "provider_specific_entry", "regional_endpoint_uplift_multiplier",
    "search_context_cost_per_query", "tiered_pricing",
})  # fmt: skip
_TOKEN_PRICE = re.compile(
    r"(input_cost_per|output_cost_per|cache_read_input|cache_creation_input)_(\w+_)?token(_cost)?(_above_\w+|_[a-z]+)?"
)
_LEFT_OUT = ("_batches", "_decisions", "_cache_hit")  # other APIs, and a second name

# Where 0 stands for a price that the table does not know: these are paid for (Volcengine, GigaChat: by their own pages,
# assumed; SageMaker by the hour).
_NOT_FREE = frozenset({"gigachat", "sagemaker", "vertex_ai-llama_models", "volcengine"})
# Verified in LiteLLM 1.110.2: what Fireworks charges for cached tokens where it names no price.
_FIREWORKS_CACHED = 0.5


def reduce_source(source: bytes) -> dict[str, Entry]:
    """Return the entries of LiteLLM's table that are of use here, by their names.

    Args:
        source: the JSON text.

    Raises:
        ValueError: it is not such a table, or not a whole one.
    """
    try:
        table: JSON = msgspec.json.decode(source)
    except msgspec.DecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    if not isinstance(table, dict):
        raise ValueError("it is not a JSON object")
    entries = {name: _reduced(name, entry) for name, entry in table.items() if _is_of_use(entry)}
    entries.update(_aliases(table, entries))
    priced = sum("input_cost_per_token" in entry for entry in entries.values())
    if priced < LEAST_ENTRIES:
        raise ValueError(f"it has {priced} models with a price, and at least {LEAST_ENTRIES} are expected")
    return entries


def _is_of_use(entry: JSON) -> bool:
    return isinstance(entry, dict) and entry.get("mode") in _MODES and isinstance(entry.get("litellm_provider"), str)


def _aliases(table: dict[str, Any], entries: Mapping[str, Entry]) -> dict[str, Entry]:
    return {
        name: {"alias_of": entry["alias_of"]}
        for name, entry in table.items()
        if is_object(entry) and entry.get("alias_of") in entries and name not in entries
    }


def _reduced(name: str, entry: Entry) -> Entry:
    kept = {member: value for member, value in entry.items() if value is not None and _is_kept(member, value)}
    for member, value in kept.items():
        if _TOKEN_PRICE.fullmatch(member) and not is_price(value):
            raise ValueError(f"{member} of {name!r} is no price: {value!r}")
    if entry["litellm_provider"] in _NOT_FREE and not kept.get("input_cost_per_token"):
        kept = {member: value for member, value in kept.items() if not _TOKEN_PRICE.fullmatch(member)}
    if entry["litellm_provider"] == "fireworks_ai" and "input_cost_per_token" in kept:
        kept.setdefault("cache_read_input_token_cost", kept["input_cost_per_token"] * _FIREWORKS_CACHED)
    return kept


def _is_kept(member: str, value: Any) -> bool:
    if member in _FACTS:
        return True
    if member.startswith("supports_"):
        return value is True
    return bool(_TOKEN_PRICE.fullmatch(member)) and not member.endswith(_LEFT_OUT)

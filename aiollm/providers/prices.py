"""What an answer cost: which entry of the table is its model's, and in which circumstances it was served."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiollm.dialects.responses_message import chat_usage
from aiollm.dialects.usage import usage_from_object
from aiollm.pricing.cost import Cost, cost_of, reported_cost
from aiollm.pricing.entry import Entry
from aiollm.pricing.rates import Circumstances, price_list
from aiollm.providers.google_cloud import DEFAULT_LOCATION
from aiollm.providers.known_models import find_model
from aiollm.providers.provider import Target
from aiollm.types.origin import Origin
from aiollm.types.usage import Usage

__all__ = ["cost_at", "entry_of", "instant", "is_uplifted", "price_of_answer", "region_of", "usage_in_terms_of_chat"]

_NAMED_BY_THEIR_OWNER = frozenset({"azure"})
"""Where a model's name is that of a deployment, and only the reply tells which model it is."""


def price_of_answer(
    origin: Origin,
    usage: Any,
    *,
    model: str,
    region: str | None = None,
    prices: Entry | None = None,
    asked_tier: str | None = None,
) -> float | None:
    """Return what an answer cost, in USD: what the provider says, else by the table; None where neither knows.

    Args:
        origin: where it came from.
        usage: its usage, of any API.
        model: the model's name as sent upstream.
        region: where it ran, for the clouds whose prices differ by it.
        prices: the deployment's own, over the table's.
        asked_tier: the service tier that was asked for; it holds where the reply names none.
    """
    counts = usage_in_terms_of_chat(usage)
    if counts is None:
        return None
    own = reported_cost(origin.provider, counts)
    if own is not None:
        return own
    entry = prices or entry_of(origin.provider, model, served=origin.served_model, region=region)
    if entry is None:
        return None
    listed, tier = price_list(entry), None
    if listed.hangs_on_tier:
        tier = origin.service_tier or counts.get("service_tier") or asked_tier
    at = instant(origin.began) if listed.hangs_on_time else None
    circumstances = Circumstances(counts.prompt_tokens, tier, at)
    cost = cost_of(listed, counts, circumstances, uplifted=is_uplifted(origin.provider, region))
    return None if cost is None else cost.total


def cost_at(
    provider: str,
    entry: Entry,
    usage: Usage,
    *,
    region: str | None = None,
    service_tier: str | None = None,
    at: datetime | None = None,
) -> Cost | None:
    """Return what a request cost by the table; None where the entry has no price by the token.

    Args:
        provider: the provider's name.
        entry: the model's.
        usage: what was used.
        region: where it ran; None where that is not known.
        service_tier: the tier that served it.
        at: when it was served, for the models that are cheaper at night.
    """
    circumstances = Circumstances(usage.prompt_tokens, service_tier, at)
    return cost_of(price_list(entry), usage, circumstances, uplifted=is_uplifted(provider, region))


def entry_of(provider: str, model: str, *, served: str | None = None, region: str | None = None) -> Entry | None:
    """Return what is known of a model, by the name it was asked by, or that the reply has; None where nothing is.

    Args:
        provider: the provider's name.
        model: the model's name as sent upstream.
        served: its name in the reply.
        region: where it runs.
    """
    names = (served,) if served and provider in _NAMED_BY_THEIR_OWNER else (model, served)
    for name in names:
        if name and (known := find_model(provider, name, region=region)) is not None:
            return known[1]
    return None


def region_of(target: Target) -> str | None:
    """Return where a target is, for the clouds whose prices differ by it."""
    name = target.provider.name
    if name == "vertex_ai":
        return str(target.options.get("vertex_location") or DEFAULT_LOCATION)
    return str(target.options["aws_region_name"]) if name == "bedrock" and "aws_region_name" in target.options else None


def is_uplifted(provider: str, region: str | None) -> bool:
    """Whether Vertex AI asks more for the place: all but the global one may cost more."""
    return provider == "vertex_ai" and region not in (None, "global")


def instant(seconds: float | None) -> datetime | None:
    """Return a time in seconds since the epoch as a date, in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def usage_in_terms_of_chat(counts: Any) -> Usage | None:
    """Return a usage, of any API, as an object or a dict, in the terms of chat completions; None where it is none."""
    if counts is None or isinstance(counts, Usage):
        return counts
    plain = counts.model_dump() if hasattr(counts, "model_dump") else counts
    return chat_usage(plain) if "input_tokens" in plain else usage_from_object(plain)

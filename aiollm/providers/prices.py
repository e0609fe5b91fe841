"""What a request to a target cost: which entry of the table is its model's, and where it ran."""

from __future__ import annotations

from datetime import datetime

from aiollm.pricing.cost import Cost, cost_of, reported_cost
from aiollm.pricing.rates import Circumstances
from aiollm.pricing.reduction import Entry
from aiollm.providers.google_cloud import DEFAULT_LOCATION
from aiollm.providers.known_models import find_model
from aiollm.providers.provider import Target
from aiollm.types.usage import Usage

__all__ = ["cost_at", "entry_of", "target_cost", "target_entry"]

_NAMED_BY_THEIR_OWNER = frozenset({"azure"})
"""Where a model's name is that of a deployment, and only the reply tells which model it is."""


def target_cost(
    target: Target,
    usage: Usage,
    *,
    served_model: str | None = None,
    service_tier: str | None = None,
    at: datetime | None = None,
    deployment: str | None = None,
) -> float | None:
    """Return what a request to a target cost, in USD; None where the price is not known.

    Args:
        target: where it went.
        usage: what it used.
        served_model: the model's name in the reply.
        service_tier: the tier that served it, where that is not in the usage.
        at: when it was served, for the models that are cheaper at night.
        deployment: an id under which the deployment's own prices may be registered.
    """
    provider = target.provider.name
    own = reported_cost(provider, usage)
    if own is not None:
        return own
    entry = target_entry(target, served_model=served_model, deployment=deployment)
    if entry is None:
        return None
    cost = cost_at(provider, entry, usage, region=_region_of(target), service_tier=service_tier, at=at)
    return None if cost is None else cost.total


def target_entry(target: Target, *, served_model: str | None = None, deployment: str | None = None) -> Entry | None:
    """Return what is known of a target's model, or None. The arguments are those of `target_cost`."""
    region = _region_of(target)
    return entry_of(target.provider.name, target.model, served=served_model, region=region, deployment=deployment)


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
        service_tier: the tier that served it, over what the usage says.
        at: when it was served, for the models that are cheaper at night.
    """
    tier = service_tier or usage.get("service_tier")
    circumstances = Circumstances(
        prompt_tokens=usage.prompt_tokens, service_tier=tier if isinstance(tier, str) else None, at=at
    )
    uplifted = provider == "vertex_ai" and region not in (None, "global")
    return cost_of(entry, usage, circumstances, uplifted=uplifted)


def entry_of(
    provider: str,
    model: str,
    *,
    served: str | None = None,
    region: str | None = None,
    deployment: str | None = None,
) -> Entry | None:
    """Return what is known of a model, by the name it was asked by, or that the reply has; None where nothing is.

    Args:
        provider: the provider's name.
        model: the model's name as sent upstream.
        served: its name in the reply.
        region: where it runs.
        deployment: an id under which this deployment may be registered; it goes first.
    """
    names = (served,) if served and provider in _NAMED_BY_THEIR_OWNER else (model, served)
    found = (find_model(provider, name, region=region, deployment=deployment) for name in names if name)
    return next((known[1] for known in found if known is not None), None)


def _region_of(target: Target) -> str | None:
    """Return where a target is, for the clouds whose prices differ by it."""
    option = {"bedrock": "aws_region_name", "vertex_ai": "vertex_location"}.get(target.provider.name)
    if option is None:
        return None
    region = target.options.get(option)
    return str(region) if region else DEFAULT_LOCATION if option == "vertex_location" else None

"""What LiteLLM's router takes and this one does not, with the reason, or what to use instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from aiollm.types.nearest import nearest

__all__ = ["NOT_HERE", "refuse_unknown"]

_ELSEWHERE = "it is not a router's work here"
NOT_HERE: Mapping[str, str] = {
    "assistants_config": "assistants are not supported",
    "search_tools": _ELSEWHERE,
    "guardrail_list": _ELSEWHERE,
    "cache_responses": "give the router a cache: cache=aiollm.Cache()",
    "cache_kwargs": "give the router a cache: cache=aiollm.Cache()",
    "caching_groups": "give the router a cache: cache=aiollm.Cache()",
    "client_ttl": "there are no cached clients",
    "polling_interval": "the limits wake who waits",
    "set_verbose": "set the level of the logger 'aiollm'",
    "debug_level": "set the level of the logger 'aiollm'",
    "tag_routing_prefix": "tags are compared as they are",
    "plugins": _ELSEWHERE,
    "fallback_on_unsupported_params": "a fallback is asked after any error",
    "routing_groups": "make a router for each strategy",
    "provider_budget_config": "give the client a budget",
    "alerting_config": _ELSEWHERE,
    "router_general_settings": _ELSEWHERE,
    "deployment_affinity_ttl_seconds": "affinity is by hash, and needs no memory",
    "model_group_affinity_config": "affinity holds for all groups",
    "ignore_invalid_deployments": "an entry that is wrong is an error",
    "enable_health_check_routing": "health is learnt from the calls themselves",
    "enable_weighted_failover": "weights hold for each attempt",
    "enable_mid_stream_fallback_continuation": "give it as mid_stream='continue'",
    "fallback_access_check": _ELSEWHERE,
    "fallback_budget_check": _ELSEWHERE,
    "auto_router_capability_limit": _ELSEWHERE,
    "session_affinity_repin_on_failover": "affinity is by hash, and needs no memory",
}
"""LiteLLM's argument -> why it is not there, or what to use."""


def refuse_unknown(given: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse arguments that a router has not. LiteLLM's further ones may be there as long as they are switched off.

    Raises:
        TypeError: there is one; the message says why, or which is near.
    """
    for name, value in given.items():
        if name in known:
            continue
        why = NOT_HERE["enable_health_check_routing"] if name.startswith("health_check_") else NOT_HERE.get(name)
        if why is None:
            near = nearest(name, known, n=1)
            raise TypeError(f"Router has no argument {name!r}{f': did you mean {near[0]!r}?' if near else ''}")
        if value:
            raise TypeError(f"Router has no {name}, which LiteLLM's has: {why}")

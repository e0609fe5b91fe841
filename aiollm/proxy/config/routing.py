"""A configuration as the arguments of a router.

What `router_settings` says goes before `litellm_settings`, which has some of it under the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from aiollm.proxy.config.names import PRE_CALL_CHECKS
from aiollm.proxy.config.settings import Config, Deployment

__all__ = ["routing_arguments"]

_SAME = (
    "allowed_fails_policy",
    "cooldown_time",
    "default_priority",
    "disable_cooldowns",
    "enable_pre_call_checks",
    "enable_tag_filtering",
    "model_group_alias",
    "model_group_retry_policy",
    "retry_after",
    "retry_policy",
    "routing_strategy",
    "routing_strategy_args",
    "stream_timeout",
    "tag_filtering_match_any",
)
_EITHER = ("allowed_fails", "max_fallbacks", "num_retries")
_FALLBACKS = ("context_window_fallbacks", "content_policy_fallbacks", "fallbacks")
_UNGIVEN: tuple[Any, ...] = (None, (), {})


def routing_arguments(config: Config) -> dict[str, Any]:
    """Return the keyword arguments of `Router` for a configuration, `model_list` among them.

    Fallbacks to groups that there are not are left out; reading the configuration has complained of them.
    """
    router, litellm = config.router, config.litellm
    given = {name: getattr(router, name) for name in _SAME}
    given |= {name: _first(getattr(router, name), getattr(litellm, name)) for name in _EITHER}
    given["optional_pre_call_checks"] = [name for name in router.optional_pre_call_checks if name in PRE_CALL_CHECKS]
    given["default_max_parallel_requests"] = _first(
        router.default_max_parallel_requests, config.general.max_parallel_requests
    )
    given["timeout"] = _first(router.timeout, litellm.request_timeout)
    if router.enable_mid_stream_fallback_continuation:
        given["mid_stream"] = "continue"
    dropping = {"drop_params": True} if litellm.drop_params else {}
    given["default_litellm_params"] = {**dropping, **router.default_litellm_params}
    for name in _FALLBACKS:
        lists = getattr(router, name) or getattr(litellm, name)
        given[name] = [
            {group: known} for group, names in lists.items() if (known := _known(names, config)) or not names
        ]
    given["default_fallbacks"] = _known(router.default_fallbacks or litellm.default_fallbacks, config)
    given = {name: value for name, value in given.items() if value not in (*_UNGIVEN, [])}
    return {"model_list": [_entry(deployment) for deployment in config.deployments], **given}


def _entry(deployment: Deployment) -> dict[str, Any]:
    """Return a deployment in LiteLLM's shape. Prices stand with what is known of the model: they are never sent."""
    params = deployment.params
    named = {name: getattr(params, name) for name in params.kinds}
    given = {name: value for name, value in named.items() if value not in _UNGIVEN}
    return {
        "model_name": deployment.model_name,
        "litellm_params": {**params.parameters, **params.identity, **given},
        "model_info": {**params.prices, **deployment.model_info},
    }


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _known(names: Iterable[str], config: Config) -> list[str]:
    aliases: Mapping[str, Any] = config.router.model_group_alias
    return [name for name in names if name in aliases or any(fnmatchcase(name, group) for group in config.groups)]

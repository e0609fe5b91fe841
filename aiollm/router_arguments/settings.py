"""The arguments of `Router`, LiteLLM's, and what they mean.

There is no `from __future__ import annotations` here: a TypedDict would compile the text of each annotation at every
start, 0.4 ms of 0.5.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from aiollm.cache.cache import Cache
from aiollm.core.gate import Gate
from aiollm.engine.options import MidStream
from aiollm.hooks.hook import Hook, checked_hooks
from aiollm.middleware.budget import Budget
from aiollm.middleware.hedge import Hedge
from aiollm.middleware.retry import Retry
from aiollm.policies import Policies
from aiollm.router.affinity import prompt_key, session_key
from aiollm.router.demands import Affinity
from aiollm.router.health import CooldownRules
from aiollm.router.retries import RetryRules
from aiollm.router.selection import Selection
from aiollm.router.strategy import strategy_named
from aiollm.router_arguments.error_counts import (
    AllowedFailsPolicy,
    RetryPolicy,
    allowed_fails_by_class,
    retries_by_class,
)
from aiollm.router_arguments.fallback_lists import ANY, FallbackLists, read_fallbacks, read_names
from aiollm.router_arguments.model_list import DeploymentDefaults
from aiollm.router_arguments.not_here import refuse_unknown
from aiollm.types.secret import HiddenText
from aiollm.types.shape import JSON, is_mapping

__all__ = ["RouterSettings", "Settings", "read_settings", "redis_address"]


class RouterSettings(TypedDict, total=False):
    """The keyword arguments of `Router`, which says what they mean."""

    num_retries: int | None
    retry_after: float
    retry_policy: RetryPolicy | Mapping[str, int | None] | None
    model_group_retry_policy: Mapping[str, RetryPolicy | Mapping[str, int | None]]
    allowed_fails: int | None
    allowed_fails_policy: AllowedFailsPolicy | Mapping[str, int | None] | None
    cooldown_time: float | None
    disable_cooldowns: bool | None
    fallbacks: Sequence[Mapping[str, Sequence[str]]]
    default_fallbacks: Sequence[str] | None
    context_window_fallbacks: Sequence[Mapping[str, Sequence[str]]]
    content_policy_fallbacks: Sequence[Mapping[str, Sequence[str]]]
    max_fallbacks: int | None
    model_group_alias: Mapping[str, str | Mapping[str, Any]]
    routing_strategy: str
    routing_strategy_args: Mapping[str, Any]
    enable_pre_call_checks: bool
    enable_tag_filtering: bool
    tag_filtering_match_any: bool
    optional_pre_call_checks: Sequence[str] | None
    default_litellm_params: Mapping[str, Any] | None
    default_max_parallel_requests: int | None
    default_priority: int | None
    redis_url: str | None
    redis_host: str | None
    redis_port: int | str | None
    redis_password: str | None
    redis_db: int | None
    timeout: float | None
    stream_timeout: float | None

    hedge: Hedge | None
    limiter: Gate | Mapping[str, Gate] | None
    mid_stream: MidStream
    cache: Cache | None
    single_flight: bool
    budget: Budget | None
    hooks: Iterable[Hook]


_AFFINITIES: Mapping[str, Affinity] = {
    "session_affinity": session_key,
    "deployment_affinity": session_key,
    "prompt_caching": prompt_key,
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the arguments of a router say.

    Attributes:
        selection: how a deployment is chosen.
        cooldowns: when one is left alone.
        retries: when a request is sent again.
        fallbacks: which groups stand in for others.
        aliases: another name of a group -> the group's.
        hidden_aliases: those of them that are not listed.
        affinities: what calls that should go to one deployment have in common.
        defaults: what deployments have where their entries do not say.
        priority: of calls that do not say.
        policies: those of a client.
        redis: the URL of the server that limits are shared by, or None.
    """

    selection: Selection
    cooldowns: CooldownRules
    retries: RetryRules
    fallbacks: FallbackLists
    aliases: Mapping[str, str]
    hidden_aliases: frozenset[str]
    affinities: tuple[Affinity, ...]
    defaults: DeploymentDefaults
    priority: int | None
    policies: Policies
    redis: str | None

    def __repr__(self) -> str:
        # The server's URL holds its password.
        return f"<Settings: {self.selection}, {self.retries}>"


def read_settings(given: Mapping[str, Any]) -> Settings:
    """Return what the arguments of a router say.

    Raises:
        TypeError: there is no such argument, or LiteLLM's of that name is not supported.
        ValueError: one has a wrong value.
    """
    refuse_unknown(given, RouterSettings.__annotations__)
    arguments = _Arguments(given)
    aliases, hidden_aliases = _aliases(given.get("model_group_alias"))
    return Settings(
        selection=Selection(
            strategy=strategy_named(
                given.get("routing_strategy") or "simple-shuffle", arguments.mapping("routing_strategy_args")
            ),
            checks_context=arguments.flag("enable_pre_call_checks"),
            compares_tags=arguments.flag("enable_tag_filtering"),
            any_tag=arguments.flag("tag_filtering_match_any", default=True),
        ),
        cooldowns=_cooldowns(arguments),
        retries=_retries(arguments),
        fallbacks=_fallbacks(arguments),
        aliases=aliases,
        hidden_aliases=hidden_aliases,
        affinities=_affinities(given.get("optional_pre_call_checks")),
        defaults=DeploymentDefaults(
            params=arguments.mapping("default_litellm_params"),
            timeout=arguments.number("timeout", above=True),
            stream_timeout=arguments.number("stream_timeout", above=True),
            max_parallel_requests=arguments.count("default_max_parallel_requests"),
        ),
        priority=arguments.count("default_priority"),
        policies=_policies(given),
        redis=redis_address(given),
    )


def _policies(given: Mapping[str, Any]) -> Policies:
    told: dict[str, Any] = {name: given[name] for name in _POLICIES if given.get(name) is not None}
    told["hooks"] = checked_hooks(told.get("hooks", ()))
    return Policies(**told)


_POLICIES = ("hedge", "limiter", "mid_stream", "cache", "single_flight", "budget", "hooks")


class _Arguments:
    """Arguments by name, each looked at when it is asked for."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given

    def flag(self, name: str, *, default: bool = False) -> bool:
        return bool(self._checked(name, default, lambda value: isinstance(value, bool), "True or False"))

    def count(self, name: str, default: int | None = None) -> int | None:
        def good(value: Any) -> bool:
            return type(value) is int and value >= 0

        return self._checked(name, default, good, "a whole number from 0")  # type: ignore[no-any-return]

    def number(self, name: str, default: float | None = None, *, above: bool = False) -> float | None:
        def good(value: Any) -> bool:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and (value > 0 if above else value >= 0)

        expected = f"a number {'above' if above else 'from'} 0"
        return self._checked(name, default, good, expected)  # type: ignore[no-any-return]

    def mapping(self, name: str) -> Mapping[str, Any]:
        return self._checked(name, {}, lambda value: isinstance(value, Mapping), "a dict")  # type: ignore[no-any-return]

    def _checked(self, name: str, default: Any, good: Callable[[Any], bool], expected: str) -> Any:
        value = self.given.get(name)
        if value is None:
            return default
        if not good(value):
            raise ValueError(f"{name} must be {expected}; got {value!r}")
        return value


def _cooldowns(arguments: _Arguments) -> CooldownRules:
    seconds = arguments.number("cooldown_time", CooldownRules().seconds)
    return CooldownRules(
        seconds=0.0 if arguments.flag("disable_cooldowns") else seconds or 0.0,
        allowed_fails=arguments.count("allowed_fails"),
        by_class=allowed_fails_by_class("allowed_fails_policy", arguments.given.get("allowed_fails_policy")),
    )


def _retries(arguments: _Arguments) -> RetryRules:
    by_class, default = retries_by_class("retry_policy", arguments.given.get("retry_policy"))
    retry = Retry(
        retries=_first(arguments.count("num_retries"), default, Retry().retries),
        by_class=by_class,
        shortest_wait=arguments.number("retry_after") or 0.0,
    )
    by_group: dict[str, Retry] = {}
    for group, policy in arguments.mapping("model_group_retry_policy").items():
        by_class, default = retries_by_class(f"model_group_retry_policy[{group!r}]", policy)
        by_group[group] = replace(retry, by_class=by_class, retries=_first(default, retry.retries))
    return RetryRules(retry=retry, by_group=by_group)


def _first(*counts: int | None) -> int:
    """Return the first count that is given."""
    return next((count for count in counts if count is not None), 0)


def redis_address(given: Mapping[str, Any]) -> str | None:
    """Return the URL of a Redis server, hidden as far as it may hold a password."""
    if given.get("redis_url"):
        return HiddenText(given["redis_url"])
    if not given.get("redis_host"):
        return None
    password = given.get("redis_password")
    user = f":{quote(password, safe='')}@" if password else ""
    return HiddenText(
        f"redis://{user}{given['redis_host']}:{given.get('redis_port') or 6379}/{given.get('redis_db') or 0}"
    )


def _fallbacks(arguments: _Arguments) -> FallbackLists:
    given = arguments.given
    general = read_fallbacks("fallbacks", given.get("fallbacks"))
    if given.get("default_fallbacks") is not None:
        general.setdefault(ANY, read_names("default_fallbacks", given["default_fallbacks"]))
    most = arguments.count("max_fallbacks", FallbackLists().most)
    return FallbackLists(
        general=general,
        context_window=read_fallbacks("context_window_fallbacks", given.get("context_window_fallbacks")),
        content_policy=read_fallbacks("content_policy_fallbacks", given.get("content_policy_fallbacks")),
        most=most or 0,
    )


def _affinities(names: Any) -> tuple[Affinity, ...]:
    names = names or ()
    for name in names:
        if name not in _AFFINITIES:
            raise ValueError(f"optional_pre_call_checks may be {', '.join(_AFFINITIES)}; got {name!r}")
    # What names a session says more than how its prompt begins.
    return tuple(dict.fromkeys(affinity for name, affinity in _AFFINITIES.items() if name in names))


def _aliases(given: JSON) -> tuple[dict[str, str], frozenset[str]]:
    """Return aliases from `{"alias": "group"}` or `{"alias": {"model": "group", "hidden": True}}`."""
    if given is not None and not isinstance(given, Mapping):
        raise ValueError(f"model_group_alias must be a dict; got a {type(given).__name__}")
    aliases: dict[str, str] = {}
    hidden: set[str] = set()
    for alias, group in (given or {}).items():
        name = group.get("model") if is_mapping(group) else group
        if not isinstance(name, str):
            raise ValueError(f"model_group_alias[{alias!r}] must be the name of a group; got {group!r}")
        aliases[alias] = name
        if is_mapping(group) and group.get("hidden"):
            hidden.add(alias)
    return aliases, frozenset(hidden)

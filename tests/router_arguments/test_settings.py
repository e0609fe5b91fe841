from __future__ import annotations

from typing import Any

import pytest

import aiollm
from aiollm import exceptions as errors
from aiollm.router.affinity import prompt_key, session_key
from aiollm.router.health import CooldownRules
from aiollm.router.strategy import STRATEGIES, LatencyBased
from aiollm.router_arguments.settings import read_settings


def test_nothing_said_is_the_defaults() -> None:
    read = read_settings({})
    assert read.selection.strategy is STRATEGIES["simple-shuffle"]
    assert read.cooldowns == CooldownRules()
    assert (read.retries.retry.retries, read.retries.retry.after_first_token_timeout) == (2, False)
    assert read.affinities == ()


def test_all_arguments_are_heard() -> None:
    read = read_settings(
        {
            "num_retries": 4,
            "retry_after": 1.5,
            "retry_policy": {"RateLimitErrorRetries": 5},
            "model_group_retry_policy": {"g": {"TimeoutErrorRetries": 1, "DefaultRetries": 0}},
            "allowed_fails": 7,
            "allowed_fails_policy": {"TimeoutErrorAllowedFails": 9},
            "cooldown_time": 30,
            "fallbacks": [{"g": ["h"]}],
            "default_fallbacks": ["i"],
            "context_window_fallbacks": [{"g": ["long"]}],
            "content_policy_fallbacks": [{"g": ["free"]}],
            "max_fallbacks": 3,
            "model_group_alias": {"x": "g", "y": {"model": "h", "hidden": True}},
            "routing_strategy": "latency-based-routing",
            "routing_strategy_args": {"ttl": 10},
            "enable_pre_call_checks": True,
            "enable_tag_filtering": True,
            "tag_filtering_match_any": False,
            "optional_pre_call_checks": ["prompt_caching", "session_affinity", "deployment_affinity"],
            "default_litellm_params": {"temperature": 0},
            "default_max_parallel_requests": 8,
            "timeout": 60,
            "stream_timeout": 6,
        }
    )
    retry, group = read.retries.retry, read.retries.by_group["g"]
    assert (retry.retries, retry.shortest_wait, retry.by_class) == (4, 1.5, {errors.RateLimitError: 5})
    assert (group.retries, group.by_class, group.budget) == (0, {errors.Timeout: 1}, retry.budget)
    assert read.cooldowns == CooldownRules(seconds=30, allowed_fails=7, by_class={errors.Timeout: 9})
    assert read.fallbacks.general == {"g": ("h",), "*": ("i",)}
    assert (read.fallbacks.context_window, read.fallbacks.content_policy) == ({"g": ("long",)}, {"g": ("free",)})
    assert read.fallbacks.most == 3
    assert (read.aliases, read.hidden_aliases) == ({"x": "g", "y": "h"}, {"y"})
    assert read.selection.strategy == LatencyBased(ttl=10)
    assert (read.selection.checks_context, read.selection.compares_tags, read.selection.any_tag) == (True, True, False)
    assert read.affinities == (session_key, prompt_key)
    defaults = read.defaults
    assert (defaults.params, defaults.max_parallel_requests) == ({"temperature": 0}, 8)
    assert (defaults.timeout, defaults.stream_timeout) == (60, 6)


def test_nothing_is_left_alone_where_that_is_switched_off() -> None:
    assert read_settings({"disable_cooldowns": True, "cooldown_time": 5}).cooldowns.seconds == 0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"num_retrys": 1}, "no argument 'num_retrys': did you mean 'num_retries'"),
        ({"xyz": 1}, "no argument 'xyz'"),
        ({"set_verbose": True}, "no set_verbose, which LiteLLM's has: set the level of the logger"),
        ({"health_check_interval": 5}, "no health_check_interval, which LiteLLM's has: health is learnt"),
    ],
)
def test_what_a_router_has_not_is_told(given: dict[str, Any], says: str) -> None:
    with pytest.raises(TypeError, match=says):
        aiollm.Router([], **given)


def test_what_it_has_not_may_be_switched_off() -> None:
    aiollm.Router([], set_verbose=False, enable_health_check_routing=False, polling_interval=None)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"num_retries": -1}, "num_retries must be a whole number from 0; got -1"),
        ({"num_retries": True}, "num_retries"),
        ({"timeout": 0}, "timeout must be a number above 0; got 0"),
        ({"cooldown_time": "5"}, "cooldown_time must be a number from 0"),
        ({"disable_cooldowns": 1}, "disable_cooldowns must be True or False"),
        ({"routing_strategy": "fastest"}, "routing_strategy must be one of"),
        ({"routing_strategy_args": 5}, "routing_strategy_args must be a dict"),
        ({"model_group_alias": ["a"]}, "model_group_alias must be a dict"),
        ({"model_group_alias": {"a": 5}}, r"model_group_alias\['a'\] must be the name of a group"),
        ({"model_group_alias": {"a": "nobody"}}, "the model_list has no 'nobody'"),
        ({"fallbacks": [{"a": ["nobody"]}]}, "the model_list has no 'nobody'"),
        ({"optional_pre_call_checks": ["magic"]}, "may be session_affinity"),
        ({"default_fallbacks": "a"}, "default_fallbacks must be a list of names"),
        ({"retry_policy": {"xyz": 1}}, "retry_policy has no xyz"),
        ({"model_group_retry_policy": {"g": {"xyz": 1}}}, r"model_group_retry_policy\['g'\] has no xyz"),
    ],
)
def test_a_wrong_value_is_told(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        aiollm.Router([], **given)

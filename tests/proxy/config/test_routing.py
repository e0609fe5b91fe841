"""A configuration as the arguments of a router."""

from __future__ import annotations

import json
from typing import Any

from aiollm import Router
from aiollm.proxy.config import routing_arguments
from aiollm.types.secret import Secret
from tests.proxy.config.test_reader import CANARY, DOCUMENTED, read


def arguments(text: str) -> dict[str, Any]:
    return routing_arguments(read(text).require())


def group(name: str, rest: str = "") -> str:
    return f"- {{model_name: {name}, litellm_params: {{model: openai/{name}, api_key: k{rest}}}}}\n"


def test_a_router_takes_them() -> None:
    router = Router(**arguments(DOCUMENTED))
    assert router.get_model_names() == ["gpt-4o", "claude", "openai/*", "*", "gpt-4"]


def test_a_deployment_has_litellms_shape_and_sends_no_price() -> None:
    entry = arguments(DOCUMENTED)["model_list"][0]
    assert entry["model_name"] == "gpt-4o"
    assert entry["litellm_params"]["api_key"] == Secret(CANARY)
    assert {"temperature", "top_k", "rpm", "api_base"} <= entry["litellm_params"].keys()
    assert not {"organization", "mock_response", "input_cost_per_token"} & entry["litellm_params"].keys()
    assert entry["model_info"] == {
        "id": "one",
        "mode": "chat",
        "base_model": "gpt-4o",
        "access_groups": ["staff"],
        "input_cost_per_token": 0.000001,
    }


def test_the_routers_settings_go_before_litellms() -> None:
    text = "litellm_settings: {num_retries: 1, request_timeout: 5, allowed_fails: 2, drop_params: true}\n"
    given = arguments(text)
    assert (given["num_retries"], given["timeout"], given["allowed_fails"]) == (1, 5.0, 2)
    assert given["default_litellm_params"] == {"drop_params": True}
    given = arguments(
        text + "router_settings: {num_retries: 0, timeout: 9, default_litellm_params: {drop_params: false}}\n"
    )
    assert (given["num_retries"], given["timeout"]) == (0, 9.0)
    assert given["default_litellm_params"] == {"drop_params": False}


def test_the_general_bound_on_parallel_requests_holds_for_deployments_that_say_none() -> None:
    text = "general_settings: {max_parallel_requests: 7}\n"
    assert arguments(text)["default_max_parallel_requests"] == 7
    assert (
        arguments(text + "router_settings: {default_max_parallel_requests: 3}\n")["default_max_parallel_requests"] == 3
    )


def test_what_is_not_said_is_left_to_the_router() -> None:
    assert json.loads(json.dumps(arguments(""))) == {
        "model_list": [],
        "disable_cooldowns": False,
        "enable_pre_call_checks": False,
        "enable_tag_filtering": False,
        "routing_strategy": "simple-shuffle",
        "tag_filtering_match_any": True,
    }


def test_checks_that_there_are_not_are_left_out() -> None:
    given = arguments("router_settings: {optional_pre_call_checks: [prompt_caching, budget]}\n")
    assert given["optional_pre_call_checks"] == ["prompt_caching"]


def test_fallbacks_to_groups_that_there_are_not_are_left_out() -> None:
    text = (
        f"model_list:\n{group('a')}{group('b')}{group('gone', ', organization: os.environ/NOWHERE')}"
        "litellm_settings: {fallbacks: [{a: [gone, b]}, {b: [gone]}], default_fallbacks: [gone, a]}\n"
    )
    given = arguments(text)
    assert given["fallbacks"] == [{"a": ["b"]}]
    assert given["default_fallbacks"] == ["a"]
    assert Router(**given).get_model_names() == ["a", "b"]

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from aiollm import Timeouts, UnsupportedParamsError, acompletion
from aiollm.compat.litellm.arguments import own_arguments
from aiollm.compat.litellm.differences import differences
from aiollm.compat.litellm.settings import Settings

ROWS = differences("arguments")


def own(model: str = "gpt-4o", given: dict[str, Any] | None = None, **settings: Any) -> tuple[str, dict[str, Any]]:
    return own_arguments(model, given or {}, Settings(**settings))


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.kind == "same"])
def test_an_argument_that_means_the_same_is_passed_on(name: str) -> None:
    if name not in ("model", "messages", "input", "prompt"):
        assert own(given={name: "value"}) == ("gpt-4o", {name: "value"})


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.kind == "idle"])
def test_an_argument_without_effect_is_left_out(name: str) -> None:
    assert own(given={name: "value"}) == ("gpt-4o", {})


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.kind == "missing"])
def test_an_argument_that_is_not_there_says_what_to_use(name: str) -> None:
    with pytest.raises(UnsupportedParamsError) as caught:
        own(given={name: "value"})
    assert ROWS[name].note in caught.value.message
    assert caught.value.param == name
    assert own(given={name: False}) == ("gpt-4o", {})


def test_the_table_has_what_a_call_takes() -> None:
    ours_alone = {"priority", "fairness_key", "mid_stream", "context_window_fallbacks", "content_policy_fallbacks"}
    assert {*acompletion.__kwdefaults__} - {*ROWS} == ours_alone  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"request_timeout": 5}, {"timeout": 5}),
        ({"request_timeout": 5, "timeout": 7}, {"timeout": 7}),
        ({"timeout": "2.5"}, {"timeout": 2.5}),
        ({"max_retries": 1}, {"num_retries": 1}),
        ({"litellm_metadata": {"a": 1}}, {"metadata": {"a": 1}}),
        ({"headers": {"a": "1", "b": "1"}, "extra_headers": {"a": "2"}}, {"extra_headers": {"a": "2", "b": "1"}}),
        ({"context_window_fallback_dict": {"gpt-4o": "big"}}, {"context_window_fallbacks": ["big"]}),
        ({"context_window_fallback_dict": {"other": "big"}}, {}),
        ({"complete_response": True, "stream": True, "stream_options": {}}, {}),
        ({"azure": True}, {"custom_llm_provider": "azure"}),
        ({"top_k": 3}, {"top_k": 3}),
    ],
)
def test_an_argument_that_differs_is_turned_into_ours(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert own(given=given) == ("gpt-4o", expected)


def test_a_timeout_of_httpx_has_its_clocks() -> None:
    _, arguments = own(given={"timeout": SimpleNamespace(connect=2.0, read=9.0, write=1.0, pool=1.0)})
    assert arguments["timeout"] == Timeouts(connect=2.0, first_token=9.0, idle=9.0)


def test_a_deployment_of_azure_is_the_model() -> None:
    assert own(given={"deployment_id": "mine"})[0] == "azure/mine"


def test_an_alias_is_followed() -> None:
    assert own("fast", model_alias_map={"fast": "groq/any"})[0] == "groq/any"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"drop_params": True}, {"drop_params": True}),
        ({"num_retries": 0}, {"num_retries": 0}),
        ({"request_timeout": 9.0}, {"timeout": 9.0}),
        ({"api_key": "k"}, {"api_key": "k"}),
        ({"api_base": "http://h/v1"}, {"api_base": "http://h/v1"}),
        ({"headers": {"a": "1"}}, {"extra_headers": {"a": "1"}}),
        ({"fallbacks": ["b"], "default_fallbacks": ["c"]}, {"fallbacks": ["b"]}),
        ({"default_fallbacks": ["c"]}, {"fallbacks": ["c"]}),
        ({"context_window_fallbacks": ["c"]}, {"context_window_fallbacks": ["c"]}),
        ({"organization": "o", "api_version": "v1"}, {"organization": "o", "api_version": "v1"}),
        ({"keys": {"openai": "own"}, "api_key": "k"}, {"api_key": "own"}),
        ({"keys": {"groq": "other"}, "api_key": "k"}, {"api_key": "k"}),
    ],
)
def test_a_setting_is_an_argument_that_is_not_given(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    assert own(**settings)[1] == expected


def test_what_a_call_says_goes_before_the_settings() -> None:
    given = {"drop_params": False, "num_retries": 1, "timeout": 3, "api_key": "mine", "base_url": "http://mine/v1"}
    said = {"drop_params": True, "num_retries": 5, "request_timeout": 9, "api_key": "k", "api_base": "http://h/v1"}
    assert own(given=given, **said)[1] == given


def test_the_deployments_of_a_router_say_where_they_are() -> None:
    settings = Settings(api_key="k", api_base="http://h/v1", drop_params=True, fallbacks=["b"], request_timeout=4)
    assert own_arguments("fast", {}, settings, of_router=True)[1] == {"drop_params": True, "timeout": 4}


def test_a_provider_that_is_not_known_is_told_by_the_call_itself() -> None:
    assert own("nobody/any", keys={"openai": "own"}, api_key="k")[1] == {}

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from aiollm.compat import litellm
from aiollm.compat.litellm.differences import differences
from aiollm.compat.litellm.namespace import Namespace
from aiollm.compat.litellm.settings import KEYS

SETTINGS_BY_KIND = {
    kind: [name for name, row in differences("settings").items() if row.kind == kind] for kind in ("idle", "missing")
}


@pytest.fixture
def level_as_it_was() -> Iterator[None]:
    logger, root = logging.getLogger("aiollm"), logging.getLogger()
    level, handlers = logger.level, list(root.handlers)
    yield
    logger.setLevel(level)
    root.handlers[:] = handlers


def test_a_setting_is_read_as_it_was_set() -> None:
    assert litellm.num_retries is None
    litellm.num_retries = 5
    assert litellm.num_retries == 5
    litellm.model_alias_map["mine"] = "gpt-4o"
    assert litellm.model_alias_map == {"mine": "gpt-4o"}


@pytest.mark.parametrize("name", ["openai_key", "togetherai_api_key"])
def test_a_key_is_read_as_it_was_set(name: str) -> None:
    assert getattr(litellm, name) is None
    setattr(litellm, name, "secret")
    assert getattr(litellm, name) == "secret"


def test_the_keys_are_settings_of_the_table() -> None:
    assert {name for name in differences("settings") if name.endswith("_key") and name != "api_key"} == {*KEYS}


@pytest.mark.parametrize("name", SETTINGS_BY_KIND["idle"])
def test_a_setting_without_effect_is_taken(name: str) -> None:
    assert getattr(litellm, name) is None
    setattr(litellm, name, True)
    assert getattr(litellm, name) is True


@pytest.mark.parametrize("name", SETTINGS_BY_KIND["missing"])
def test_a_setting_that_cannot_be_honoured_says_what_to_use(name: str) -> None:
    with pytest.raises(AttributeError) as caught:
        setattr(litellm, name, True)
    assert differences("settings")[name].note in str(caught.value)
    setattr(litellm, name, None)  # to switch it off is no harm


def test_a_slip_of_the_pen_is_told() -> None:
    with pytest.raises(AttributeError, match="did you mean 'drop_params'"):
        litellm.drop_parms = True
    with pytest.raises(AttributeError, match="did you mean 'acompletion'"):
        litellm.acompletio  # noqa: B018


@pytest.mark.parametrize(("name", "row"), differences("names").items())
def test_the_table_of_names_is_true(name: str, row: Any) -> None:
    if row.kind == "missing":
        with pytest.raises(AttributeError) as caught:
            getattr(litellm, name)
        assert row.note in str(caught.value)
    else:
        assert getattr(litellm, name) is not None


def test_what_it_offers_is_in_the_table_or_a_type() -> None:
    told = {*differences("names")}
    functions = {name for name in litellm.__all__ if callable(getattr(litellm, name)) and name.islower()}
    assert functions - told == set()


def test_a_function_may_be_replaced_by_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm, "completion", lambda **_: "made up")
    assert litellm.completion() == "made up"


def test_models_and_providers_are_listed() -> None:
    assert litellm.model_cost["gpt-4o"]["input_cost_per_token"] > 0
    assert "gpt-4o" in litellm.model_list
    assert "groq" in litellm.provider_list


def test_to_be_verbose_is_to_log(level_as_it_was: None) -> None:
    litellm.set_verbose = True
    assert logging.getLogger("aiollm").level == logging.DEBUG
    litellm.set_verbose = False
    assert logging.getLogger("aiollm").level == logging.NOTSET
    litellm._turn_on_debug()
    assert logging.getLogger("aiollm").level == logging.DEBUG


def test_its_names_are_listed() -> None:
    assert {"completion", "drop_params", "openai_key", "model_cost"} <= {*dir(litellm)}
    assert isinstance(litellm, Namespace)


@pytest.mark.parametrize(("status", "worth"), [(408, True), (429, True), (500, True), (400, False), (404, False)])
def test_a_status_is_worth_a_retry_or_not(status: int, worth: bool) -> None:
    assert litellm._should_retry(status) is worth


def test_models_that_can_be_asked_are_those_of_providers_with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GROQ_API_KEY", "MISTRAL_API_KEY"):
        monkeypatch.setenv(name, "secret")
    found = litellm.get_valid_models()
    assert {"groq/openai/gpt-oss-120b", "mistral/mistral-large-latest"} <= {*found}
    assert all(model.startswith("groq/") for model in litellm.get_valid_models(custom_llm_provider="groq"))
    assert litellm.get_valid_models(custom_llm_provider="anthropic") == []

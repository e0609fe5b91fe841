"""What is known of models, and what a program adds to it."""

from __future__ import annotations

import logging
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from aiollm import BadRequestError, get_model_info, register_model
from aiollm.pricing.table import packaged_table, packed_table
from aiollm.providers import known_models
from aiollm.providers.known_models import entry_named, find_model, table, user_table_path

FUTURE = "2999-01-01"


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    yield
    known_models._registered.cache_clear()
    known_models._found.cache_clear()


def users_table(folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    path = user_table_path()
    assert path is not None
    path.parent.mkdir()
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("provider", "model", "region", "key"),
    [
        ("openai", "gpt-4o", None, "gpt-4o"),
        ("openai", "ft:gpt-4o-2024-08-06:me::1", None, "ft:gpt-4o-2024-08-06"),
        ("azure", "gpt-4o", None, "azure/gpt-4o"),
        ("anthropic", "claude-haiku-4-5", None, "claude-haiku-4-5"),
        ("gemini", "gemini-2.5-pro", None, "gemini/gemini-2.5-pro"),
        ("vertex_ai", "gemini-2.5-pro", "us-central1", "gemini-2.5-pro"),
        ("vertex_ai", "claude-haiku-4-5@latest", None, "vertex_ai/claude-haiku-4-5"),
        ("bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0", None, "anthropic.claude-haiku-4-5-20251001-v1:0"),
        (
            "bedrock",
            "mistral.mistral-large-2402-v1:0",
            "us-west-2",
            "bedrock/us-west-2/mistral.mistral-large-2402-v1:0",
        ),
        ("groq", "openai/gpt-oss-120b", None, "groq/openai/gpt-oss-120b"),
        ("ollama_chat", "llama3", None, "ollama/llama3"),
        ("amazon_nova", "nova-pro-v1", None, "amazon-nova/nova-pro-v1"),
        ("fireworks_ai", "accounts/fireworks/models/glm-5p3", None, "fireworks_ai/accounts/fireworks/models/glm-5p3"),
    ],
)
def test_a_providers_model_is_found(provider: str, model: str, region: str | None, key: str) -> None:
    found = find_model(provider, model, region=region)
    assert found is not None
    assert found[0] == key


@pytest.mark.parametrize(
    ("provider", "model"),
    [("groq", "gpt-4o"), ("azure", "my-deployment"), ("openai", "gpt-4o-2099-01-01"), ("hosted_vllm", "gpt-4o")],
)
def test_a_model_of_another_provider_or_version_is_not_taken_for_it(provider: str, model: str) -> None:
    assert find_model(provider, model) is None


def test_the_embedded_model_is_free() -> None:
    found = find_model("local", "smollm2")
    assert found is not None
    assert (found[1]["input_cost_per_token"], found[1]["output_cost_per_token"]) == (0.0, 0.0)


def test_an_alias_is_followed() -> None:
    aliases = [name for name, entry in packaged_table().items() if "alias_of" in entry]
    entry = entry_named(aliases[0])
    assert entry is not None
    assert "input_cost_per_token" in entry
    register_model({"a": {"alias_of": "b"}, "b": {"alias_of": "a"}})
    assert entry_named("a") is None


def test_what_is_registered_goes_over_the_table_and_leaves_the_rest() -> None:
    register_model({"gpt-4o": {"input_cost_per_token": "3e-7"}, "acme/new": {"input_cost_per_token": 1e-6}})
    info = get_model_info("gpt-4o")
    assert (info["input_cost_per_token"], info["output_cost_per_token"]) == (3e-7, 1e-05)
    assert find_model("acme", "new") == ("acme/new", {"input_cost_per_token": 1e-6})


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("https://prices.example/table.json", "--refresh --from"),
        ({"m": "cheap"}, "'m' must have a dict"),
        ({"m": {"input_cost_per_token": "cheap"}}, "input_cost_per_token: 'cheap'"),
        ({"m": {"output_cost_per_token": -1}}, "output_cost_per_token: -1"),
        ({"m": {"output_cost_per_token": 15}}, "output_cost_per_token: 15"),  # a million tokens' price
        ({"m": {"input_cost_per_second": "x"}}, "input_cost_per_second: 'x'"),
    ],
)
def test_another_shape_is_refused_and_nothing_is_registered(given: Any, fault: str) -> None:
    with pytest.raises(BadRequestError, match=fault):
        register_model({"first": {"mode": "chat"}, **given} if isinstance(given, dict) else given)
    assert entry_named("first") is None


def test_a_newer_table_of_the_user_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users_table(tmp_path, monkeypatch, packed_table({"m": {"mode": "chat"}}, source="s", made=FUTURE))
    assert dict(table()) == {"m": {"mode": "chat"}}


def test_an_older_table_of_the_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users_table(tmp_path, monkeypatch, packed_table({}, source="s", made="2020-01-01"))
    assert table() is packaged_table()


def test_a_broken_table_of_the_user_is_told_of_and_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = users_table(tmp_path, monkeypatch, b"broken")
    with caplog.at_level(logging.WARNING, "aiollm"):
        assert table() is packaged_table()
    assert str(path) in caplog.text


def test_a_user_without_a_home_has_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(uid: int) -> NoReturn:
        raise KeyError(uid)

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert user_table_path() is None
    assert table() is packaged_table()

from __future__ import annotations

import traceback
from typing import Any

import pytest

import aiollm
from aiollm.router.deployment import Deployment
from aiollm.router_arguments.model_list import DeploymentDefaults, hidden_entries, read_model_list

KEY = "sk-secret-000"


def read(
    own: dict[str, Any] | None = None, info: dict[str, Any] | None = None, defaults: DeploymentDefaults | None = None
) -> Deployment:
    params = {"model": "openai/m", "api_key": KEY, **(own or {})}
    entries = hidden_entries([{"model_name": "g", "litellm_params": params, "model_info": info}])
    (found,) = read_model_list(entries, defaults or DeploymentDefaults())
    return found


def test_an_entry_says_how_its_deployment_is_called_and_used() -> None:
    found = read(
        {
            "api_base": "http://127.0.0.1:1/v1",
            "rpm": 60,
            "tpm": 1000,
            "max_parallel_requests": 4,
            "weight": 2,
            "order": 1,
            "tags": ["a", "b"],
            "timeout": 30,
            "stream_timeout": 5.5,
            "num_retries": 1,
            "cooldown_time": 9,
            "input_cost_per_token": 1e-6,
            "temperature": 0.5,
            "top_k": 40,
            "extra_headers": {"X-A": "1"},
            "drop_params": True,
        },
        {"id": "mine", "max_input_tokens": 8000, "output_cost_per_token": 2e-6},
    )
    assert (found.id, found.group, found.model) == ("mine", "g", "openai/m")
    assert (found.rpm, found.tpm, found.max_parallel_requests) == (60, 1000, 4)
    assert (found.weight, found.order, found.tags) == (2, 1, {"a", "b"})
    assert (found.timeout, found.stream_timeout, found.num_retries, found.cooldown_time) == (30, 5.5, 1, 9)
    assert (found.input_cost_per_token, found.output_cost_per_token, found.max_input_tokens) == (1e-6, 2e-6, 8000)
    assert found.defaults.params == {"temperature": 0.5, "top_k": 40}
    assert (found.defaults.extra_headers, found.defaults.drop_params) == ({"X-A": "1"}, True)
    target = found.target("g", "chat")
    assert target.endpoint.url == "http://127.0.0.1:1/v1/chat/completions"
    assert target.secret is not None
    assert target.secret.reveal() == KEY


def test_values_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-from-environment")
    monkeypatch.setenv("MY_RPM", "60")
    monkeypatch.setenv("MY_HEADER", "x")
    found = read(
        {"api_key": "os.environ/MY_KEY", "rpm": "os.environ/MY_RPM", "extra_headers": {"X": "os.environ/MY_HEADER"}}
    )
    secret = found.target("g", "chat").secret
    assert secret is not None
    assert secret.reveal() == "sk-from-environment"
    assert (found.rpm, found.defaults.extra_headers) == (60, {"X": "x"})


def test_what_an_entry_does_not_say_is_the_lists() -> None:
    params = {"temperature": 0.1, "rpm": 3}
    defaults = DeploymentDefaults(params=params, timeout=7.0, stream_timeout=3.0, max_parallel_requests=5)
    found = read({"timeout": 9}, defaults=defaults)
    assert (found.timeout, found.stream_timeout, found.max_parallel_requests, found.rpm) == (9, 3.0, 5, 3)
    assert found.defaults.params == {"temperature": 0.1}


def test_limits_may_stand_beside_the_parameters() -> None:
    (found,) = read_model_list(
        [{"model_name": "g", "litellm_params": {"model": "openai/m"}, "rpm": 5, "tpm": 7}], DeploymentDefaults()
    )
    assert (found.rpm, found.tpm) == (5, 7)


def test_an_id_stays_while_the_entry_does_and_entries_that_differ_in_keys_only_are_two() -> None:
    entries = [{"model_name": "g", "litellm_params": {"model": "openai/m", "api_key": key}} for key in ("k1", "k2")]
    first, second = (found.id for found in read_model_list(entries, DeploymentDefaults()))
    assert second == f"{first}-2"
    assert [found.id for found in read_model_list(entries, DeploymentDefaults(), taken=[first])] == [
        second,
        f"{first}-3",
    ]
    assert read({"rpm": 5}).id != read({"rpm": 6}).id


def test_nothing_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET", "canary-1")
    given = {
        "model": "bedrock/m",
        "aws_secret_access_key": "canary-2",
        "aws_access_key_id": "canary-3",
        "extra_headers": {"Authorization": "canary-4"},
        "extra_body": {"k": "os.environ/MY_SECRET"},
        "organization": "os.environ/MY_SECRET",
        "seed": 7,
    }
    found = read({"model": "openai/m", **given})
    assert "canary" not in repr(found)
    assert found.params.keys() == {"seed"}


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("text", r'model_list\[0\] must be a dict with a text as "model_name"'),
        ({"litellm_params": {}}, "model_name"),
        ({"model_name": "g"}, r"model_list\[0\] \('g'\) must have a dict as \"litellm_params\""),
        ({"model_name": "g", "litellm_params": {}}, 'must have a text like "provider/model"'),
    ],
)
def test_an_entry_of_another_shape_is_told_with_its_place(entry: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_model_list([entry], DeploymentDefaults())


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"model": "opanai/m"}, "openai"),
        ({"rpm": 0}, "rpm must be a whole number above 0; got 0"),
        ({"weight": -1}, "weight must be a number from 0"),
        ({"timeout": True}, "timeout must be a number above 0"),
        ({"tags": "a"}, "tags must be a list of texts"),
        ({"temperature": "hot"}, "temperature must be"),
        ({"max_budget": 5}, "max_budget is not supported: a"),
        ({"rpm": "os.environ/NOT_SET"}, "NOT_SET is not set"),
    ],
)
def test_a_wrong_parameter_is_told_with_its_place(params: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=rf"model_list\[0\] \('g'\): .*{says}"):
        read(params)


@pytest.mark.parametrize("entries", ["text", {"model_name": "g"}, None])
def test_a_list_that_is_none_is_told(entries: Any) -> None:
    with pytest.raises(ValueError, match="model_list must be a list of dicts"):
        read_model_list(entries, DeploymentDefaults())


def test_two_entries_of_one_id_are_told() -> None:
    entry = {"model_name": "g", "litellm_params": {"model": "openai/m"}, "model_info": {"id": "a"}}
    with pytest.raises(ValueError, match=r"model_list\[1\]: another entry has the id 'a'"):
        read_model_list([entry, entry], DeploymentDefaults())


def test_a_wrong_entry_does_not_show_its_key() -> None:
    def make(headers: dict[str, str] | None = None, **params: str) -> None:
        aiollm.Router(
            [{"model_name": "g", "litellm_params": {"model": "openai/m", "extra_headers": headers, **params}}]
        )

    for wrong in ({"api_key": f"{KEY}\n{KEY}"}, {"api_key": KEY, "rpm": "x"}, {"headers": {"X": f"{KEY}\n"}}):
        with pytest.raises(ValueError, match="g") as caught:
            make(**wrong)
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        ours = [frame for frame in shown.stack if "/aiollm/" in frame.filename]
        assert ours
        assert KEY not in f"{[frame.locals for frame in ours]}"
        assert KEY not in str(caught.value)

"""Holders as LiteLLM's management API writes them."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.exceptions import BadRequestError
from aiollm.proxy.keys import Holder
from aiollm.proxy.keys.records import changed_holder, told_holder

NOW = 1_000_000.0
NEW = Holder(kind="key", name="hash", shown="sk-...abcd", created=NOW)
BODY: dict[str, Any] = {
    "key_alias": "ci",
    "team_id": "t",
    "user_id": "u",
    "models": ["gpt-*"],
    "allowed_routes": ["/v1/*"],
    "rpm_limit": 5,
    "tpm_limit": 6,
    "max_parallel_requests": 7,
    "max_budget": 1.5,
    "budget_duration": "30d",
    "blocked": False,
    "tags": ["x"],
    "metadata": {"a": 1},
}


def test_a_body_becomes_a_holder_and_is_told_again() -> None:
    holder = changed_holder(NEW, {**BODY, "duration": "1h"}, NOW)
    assert (holder.alias, holder.team, holder.user, holder.rpm, holder.tpm, holder.parallel) == (
        "ci",
        "t",
        "u",
        5,
        6,
        7,
    )
    assert (holder.budget, holder.budget_period, holder.expires) == (1_500_000_000, 2_592_000.0, NOW + 3600)
    told = told_holder(holder, spent=250_000_000)
    assert {name: told[name] for name in BODY} == {**BODY, "budget_duration": "2592000s"}
    assert (told["token"], told["key_name"], told["spend"]) == ("hash", "sk-...abcd", 0.25)
    assert (told["expires"], told["created_at"]) == ("1970-01-12T14:46:40+00:00", "1970-01-12T13:46:40+00:00")


def test_an_update_changes_what_it_names_and_null_takes_a_limit_away() -> None:
    holder = changed_holder(NEW, {**BODY, "duration": "1h"}, NOW)
    later = changed_holder(holder, {"rpm_limit": None, "models": None, "duration": None, "blocked": True}, NOW + 9)
    assert (later.rpm, later.models, later.expires, later.blocked) == (None, (), None, True)
    assert (later.tpm, later.budget, later.alias) == (6, 1_500_000_000, "ci")


@pytest.mark.parametrize("kind", ["team", "user"])
def test_teams_and_users_have_the_same_limits_under_their_own_names(kind: Any) -> None:
    holder = changed_holder(Holder(kind=kind, name="n"), {f"{kind}_alias": "a", f"{kind}_id": "m", "rpm_limit": 1}, NOW)
    told = told_holder(holder, spent=0)
    assert (told[f"{kind}_id"], told[f"{kind}_alias"], told["rpm_limit"]) == ("m", "a", 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"model_rpm_limit": {"gpt-4o": 1}},
        {"rpm_limt": 5},
        {"rpm_limit": -1},
        {"rpm_limit": True},
        {"tpm_limit": 1.5},
        {"max_parallel_requests": 2**60},
        {"max_budget": -1},
        {"max_budget": float("nan")},
        {"max_budget": "10"},
        {"budget_duration": "soon"},
        {"duration": 5},
        {"models": "gpt-4o"},
        {"models": [1]},
        {"team_id": ""},
        {"key_alias": "a\x00b"},
        {"blocked": 1},
        {"metadata": []},
        {"team_alias": "x"},
        {"user_role": "proxy_admin"},
        {"name": "other"},
        {"kind": "team"},
    ],
)
def test_what_is_wrong_or_would_not_be_held_to_is_refused_by_its_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError) as caught:
        changed_holder(NEW, wrong, NOW)
    assert caught.value.param == next(iter(wrong))


def test_a_slip_is_told_what_was_meant() -> None:
    with pytest.raises(BadRequestError, match=r"did you mean rpm_limit\?"):
        changed_holder(NEW, {"rpm_limt": 5}, NOW)


def test_fields_that_say_nothing_are_passed_over() -> None:
    assert changed_holder(NEW, {"guardrails": [], "soft_budget": None, "aliases": {}, "key": "x"}, NOW) == NEW

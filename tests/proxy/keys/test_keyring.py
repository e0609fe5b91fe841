"""Who presents a key, and what they may do."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.proxy.inbound.failure import Refusal, failure_of
from aiollm.proxy.keys import Holder, HolderId, Keyring, digest_of
from aiollm.proxy.keys.holder import Kind
from aiollm.types.secret import Secret

NOW = 1_000.0
MASTER = Secret("sk-master")


def holder(kind: Kind = "key", name: str = "sk-one", **members: Any) -> Holder:
    return Holder(kind=kind, name=digest_of(name) if kind == "key" else name, **members)


def ring(*holders: Holder, master: Secret | None = MASTER) -> Keyring:
    keyring = Keyring(master)
    keyring.update(holders, version=1)
    return keyring


def code(refused: pytest.ExceptionInfo[Refusal]) -> tuple[int, str]:
    failure = failure_of(refused.value)
    return failure.status, failure.code


def test_the_master_key_is_the_admin() -> None:
    identity = ring().identify("sk-master", NOW)
    assert (identity.role, identity.key) == ("admin", None)
    identity.require(model="anything", route="/key/generate")
    identity.require_admin()


@pytest.mark.parametrize(
    ("presented", "wanted"),
    [
        (None, (401, "missing_api_key")),
        ("", (401, "invalid_api_key")),
        ("sk-two", (401, "invalid_api_key")),
        ("sk-on", (401, "invalid_api_key")),
        ("sk-one ", (401, "invalid_api_key")),
        ("' OR 1=1 --", (401, "invalid_api_key")),
        ("sk-\x00\udcff", (401, "invalid_api_key")),
    ],
)
def test_another_key_is_refused(presented: str | None, wanted: tuple[int, str]) -> None:
    with pytest.raises(Refusal) as refused:
        ring(holder()).identify(presented, NOW)
    assert code(refused) == wanted
    assert not presented or presented not in str(refused.value)


def test_a_stored_hash_is_no_key() -> None:
    with pytest.raises(Refusal) as refused:
        ring(holder()).identify(digest_of("sk-one"), NOW)
    assert code(refused) == (401, "invalid_api_key")


def test_a_key_brings_its_team_and_its_user() -> None:
    key, team, user = holder(team="t", user="u"), holder("team", "t"), holder("user", "u")
    identity = ring(key, team, user).identify("sk-one", NOW)
    assert (identity.role, identity.key, identity.holders) == ("caller", key, (key, team, user))
    assert ring(key).identify("sk-one", NOW).holders == (key,)


def test_a_name_of_a_team_is_no_key() -> None:
    with pytest.raises(Refusal):
        ring(Holder(kind="team", name=digest_of("sk-one"))).identify("sk-one", NOW)


@pytest.mark.parametrize("kind", ["key", "team", "user"])
def test_a_blocked_or_expired_holder_lets_nobody_in(kind: Kind) -> None:
    name = {"key": "sk-one", "team": "t", "user": "u"}[kind]
    others = [holder(team="t", user="u")] if kind != "key" else []
    for members, wanted in (({"blocked": True}, (403, "key_blocked")), ({"expires": NOW}, (401, "expired_key"))):
        with pytest.raises(Refusal) as refused:
            ring(*others, holder(kind, name, **members)).identify("sk-one", NOW)
        assert code(refused) == wanted
    assert ring(*others, holder(kind, name, expires=NOW + 1)).identify("sk-one", NOW).key is not None


def test_all_holders_must_allow_the_model_and_the_route() -> None:
    key = holder(team="t", models=("gpt-*", "claude"), routes=("/v1/chat/*",))
    identity = ring(key, holder("team", "t", models=("gpt-4o",))).identify("sk-one", NOW)
    identity.require(model="gpt-4o", route="/v1/chat/completions")
    for asked, wanted in (
        ({"model": "claude"}, (403, "model_access_denied")),
        ({"model": "gpt-5"}, (403, "model_access_denied")),
        ({"route": "/v1/embeddings"}, (403, "route_access_denied")),
    ):
        with pytest.raises(Refusal) as refused:
            identity.require(**asked)
        assert code(refused) == wanted


def test_a_callers_key_is_no_admins() -> None:
    with pytest.raises(Refusal) as refused:
        ring(holder()).identify("sk-one", NOW).require_admin()
    assert code(refused) == (403, "admin_only")


def test_a_change_holds_at_once_and_what_is_gone_lets_nobody_in() -> None:
    keyring = ring(holder(models=("a",)))
    keyring.update([holder(models=("b",))], version=2)
    assert keyring.identify("sk-one", NOW).holders[0].models == ("b",)
    keyring.update([], [HolderId("key", digest_of("sk-one"))], version=3)
    with pytest.raises(Refusal):
        keyring.identify("sk-one", NOW)
    assert (keyring.version, keyring.all()) == (3, [])


def test_without_a_master_key_anyone_may_ask_and_known_keys_keep_their_limits() -> None:
    keyring = ring(holder(), master=None)
    assert keyring.identify(None, NOW).role == "anyone"
    assert keyring.identify("sk-any", NOW).role == "anyone"
    assert keyring.identify("sk-one", NOW).role == "caller"


def test_no_repr_shows_the_master_key() -> None:
    assert "sk-master" not in repr(vars(ring()))

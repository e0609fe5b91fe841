"""Keys over HTTP: made, told, changed, blocked, renewed, deleted, and held to at once."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from aiollm.proxy.keys import HolderId, digest_of
from aiollm.proxy.ledger import Store, open_database
from tests.proxy.admin.gateways import MASTER, Asking
from tests.proxy.ledger.rows import row

LIMITS: dict[str, Any] = {
    "key_alias": "ci",
    "models": ["small"],
    "rpm_limit": 5,
    "max_budget": 1.5,
    "budget_duration": "30d",
    "duration": "1h",
    "metadata": {"a": 1},
}


async def test_a_key_is_told_once_and_works_at_once(ask: Asking) -> None:
    told = await ask.made(**LIMITS)
    assert told["key"].startswith("sk-")
    assert (told["token"], told["key_name"]) == (digest_of(told["key"]), f"sk-...{told['key'][-4:]}")
    assert {name: told[name] for name in ("models", "rpm_limit", "max_budget")} == {
        "models": ["small"],
        "rpm_limit": 5,
        "max_budget": 1.5,
    }
    status, info = await ask("GET", "/key/info", key=told["key"])
    assert (status, info["info"]["key_alias"], info["info"]["spend"]) == (200, "ci", 0)
    assert told["key"] not in str(info)


async def test_a_key_is_asked_about_by_itself_or_by_its_hash(ask: Asking) -> None:
    told = await ask.made()
    for name in (told["key"], told["token"]):
        assert (await ask("GET", f"/key/info?key={name}"))[1]["key"] == told["token"]
    assert (await ask("GET", "/key/info?key=sk-nobody"))[0] == 404
    assert (await ask("GET", "/key/info"))[0] == 400


async def test_a_key_is_told_of_no_other(ask: Asking) -> None:
    own, other = await ask.made(), await ask.made()
    assert (await ask("GET", f"/key/info?key={own['token']}", key=own["key"]))[0] == 200
    for name in (other["key"], other["token"], "sk-nobody"):
        status, error = await ask("GET", f"/key/info?key={name}", key=own["key"])
        assert (status, error["error"]["code"]) == (403, "admin_only")


async def test_a_hash_is_no_key(ask: Asking) -> None:
    told = await ask.made()
    assert (await ask("GET", "/key/info", key=told["token"]))[0] == 401


async def test_keys_are_listed_in_pages_the_newest_first_and_by_what_they_are(ask: Asking) -> None:
    await ask("POST", "/team/new", {"team_id": "t"})
    made = [await ask.made(key_alias=str(number), **({"team_id": "t"} if number == 1 else {})) for number in range(3)]
    _, listed = await ask("GET", "/key/list?size=2")
    assert listed["keys"] == [made[2]["token"], made[1]["token"]]
    assert (listed["total_count"], listed["current_page"], listed["total_pages"]) == (3, 1, 2)
    _, whole = await ask("GET", "/key/list?page=2&size=2&return_full_object=true")
    assert [key["key_alias"] for key in whole["keys"]] == ["0"]
    assert (await ask("GET", "/key/list?team_id=t"))[1]["keys"] == [made[1]["token"]]
    assert (await ask("GET", "/key/list?key_alias=nobody"))[1]["keys"] == []
    assert (await ask("GET", "/key/list?size=many"))[0] == 400


async def test_a_change_keeps_what_it_does_not_name(ask: Asking) -> None:
    told = await ask.made(**LIMITS)
    _, after = await ask("POST", "/key/update", {"key": told["key"], "rpm_limit": None, "tpm_limit": 9})
    assert {name: after[name] for name in ("rpm_limit", "tpm_limit", "max_budget", "key_alias", "expires")} == {
        "rpm_limit": None,
        "tpm_limit": 9,
        "max_budget": 1.5,
        "key_alias": "ci",
        "expires": told["expires"],
    }


async def test_a_change_is_made_to_the_key_as_the_store_has_it(ask: Asking) -> None:
    told = await ask.made()
    holder = ask.gateway.keyring.get(HolderId("key", told["token"]))
    assert holder is not None
    await ask.gateway.store.put([type(holder)(kind="key", name=told["token"], blocked=True)])  # by another worker
    _, after = await ask("POST", "/key/update", {"key": told["key"], "rpm_limit": 1})
    assert after["blocked"] is True


async def test_a_blocked_key_is_refused_until_it_is_not(ask: Asking) -> None:
    told = await ask.made()
    assert (await ask("POST", "/key/block", {"key": told["key"]}))[1]["blocked"] is True
    assert (await ask("GET", "/v1/models", key=told["key"]))[0] == 403
    assert (await ask("POST", "/key/unblock", {"key": told["token"]}))[1]["blocked"] is False
    assert (await ask("GET", "/v1/models", key=told["key"]))[0] == 200


@pytest.mark.parametrize("path", ["/key/regenerate", "/key/{}/regenerate"])
async def test_a_renewed_key_has_the_rights_and_the_spending_of_the_old(ask: Asking, path: str) -> None:
    old = await ask.made(**LIMITS)
    holder = ask.gateway.keyring.get(HolderId("key", old["token"]))
    assert holder is not None
    reservation = ask.gateway.admissions.admit([holder], holder.created + 1, 0.0, tokens=1, cost=0)
    reservation.settle(1.0, tokens=1, cost=500_000_000)
    ask.gateway.spending.add(row("r", key=old["token"], cost=500_000_000, charges=reservation.charges))
    body = {"max_budget": 2} if "{}" in path else {"key": old["key"], "max_budget": 2}
    status, new = await ask("POST", path.format(old["token"]), body)
    assert status == 200
    assert new["key"] not in (old["key"], MASTER)
    assert (new["key_alias"], new["rpm_limit"], new["max_budget"], new["spend"]) == ("ci", 5, 2, 0.5)
    assert (await ask("GET", "/key/info", key=old["key"]))[0] == 401
    assert (await ask("GET", "/key/info", key=new["key"]))[1]["info"]["spend"] == 0.5


async def test_keys_are_deleted_by_themselves_and_by_their_aliases(ask: Asking) -> None:
    one, two, three = await ask.made(), await ask.made(key_alias="two"), await ask.made()
    _, told = await ask("POST", "/key/delete", {"keys": [one["key"]], "key_aliases": ["two"]})
    assert told == {"deleted_keys": [one["token"], two["token"]]}
    assert [(await ask("GET", "/key/info", key=key["key"]))[0] for key in (one, two, three)] == [401, 401, 200]
    assert (await ask("POST", "/key/delete", {"keys": [one["key"], three["key"]]}))[0] == 404
    assert (await ask("GET", "/key/info", key=three["key"]))[0] == 200  # nothing was deleted


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/key/generate", {"key": "sk-my-own"}, "key"),
        ("/key/generate", {"rpm_limits": 3}, "rpm_limits"),
        ("/key/generate", {"max_budget": -1}, "max_budget"),
        ("/key/generate", {"team_id": "nobody"}, "team_id"),
        ("/key/update", {"rpm_limit": 3}, "key"),
        ("/key/block", {"key": 7}, "key"),
        ("/key/delete", {}, "keys"),
        ("/key/delete", {"keys": "sk-x"}, "keys"),
    ],
)
async def test_what_is_wrong_is_told_and_changes_nothing(ask: Asking, path: str, body: Any, param: str) -> None:
    status, error = await ask("POST", path, body)
    assert (status, error["error"]["param"]) == (400, param)
    assert ask.gateway.keyring.all() == []


async def test_a_body_must_be_sent_as_json(ask: Asking) -> None:
    """A form of another site's page could be sent by an operator's browser."""
    headers = {"authorization": f"Bearer {MASTER}", "content-type": "text/plain"}
    async with ask.session.post("/key/generate", data="{}", headers=headers) as reply:
        assert reply.status == 400
    assert ask.gateway.keyring.all() == []


async def test_nothing_is_done_for_a_virtual_key(ask: Asking) -> None:
    told = await ask.made()
    for path in ("generate", "update", "delete", "block", "unblock", "regenerate"):
        status, _ = await ask("POST", f"/key/{path}", {"key": told["key"], "keys": [told["key"]]}, key=told["key"])
        assert status == 403
    assert (await ask("GET", "/key/list", key=told["key"]))[0] == 403


async def test_a_store_that_is_gone_is_told_as_such(ask: Asking, tmp_path: Path) -> None:
    told = await ask.made()
    store = ask.gateway.store
    ask.gateway.store = Store(open_database(None, tmp_path / "no" / "folder"))
    status, error = await ask("POST", "/key/update", {"key": told["key"], "rpm_limit": 1})
    assert (status, error["error"]["code"], error["error"]["retryable"]) == (503, "store_unavailable", True)
    assert str(tmp_path) not in str(error)
    ask.gateway.store = store


async def test_no_key_is_in_the_log(ask: Asking, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told = await ask.made()
    _, renewed = await ask("POST", "/key/regenerate", {"key": told["key"]})
    await ask("POST", "/key/delete", {"keys": [renewed["key"]]})
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("aiollm"))
    assert told["key_name"] in ours
    assert not [key for key in (told["key"], renewed["key"], MASTER) if key in caplog.text]

"""Teams and users over HTTP: what limits them limits all of their keys."""

from __future__ import annotations

from typing import Any

import pytest

from tests.proxy.admin.gateways import Asking

KINDS = pytest.mark.parametrize("kind", ["team", "user"])


@KINDS
async def test_an_owner_is_made_told_changed_and_deleted(ask: Asking, kind: str) -> None:
    id = f"{kind}_id"
    _, made = await ask("POST", f"/{kind}/new", {id: "o", f"{kind}_alias": "a", "max_budget": 2})
    assert (made[id], made[f"{kind}_alias"], made["max_budget"], made["spend"]) == ("o", "a", 2, 0)
    _, after = await ask("POST", f"/{kind}/update", {id: "o", "rpm_limit": 7})
    assert (after[id], after["rpm_limit"], after["max_budget"]) == ("o", 7, 2)
    key = await ask.made(**{id: "o"})
    _, told = await ask("GET", f"/{kind}/info?{id}=o")
    assert (told[id], told[f"{kind}_info"], told["keys"]) == ("o", after, [key["token"]])
    assert (await ask("GET", f"/{kind}/list"))[1] == [after]
    await ask("POST", "/key/delete", {"keys": [key["key"]]})
    assert (await ask("POST", f"/{kind}/delete", {f"{id}s": ["o"]}))[1] == {f"deleted_{kind}s": ["o"]}
    assert (await ask("GET", f"/{kind}/info?{id}=o"))[0] == 404


@KINDS
async def test_one_without_a_name_gets_one(ask: Asking, kind: str) -> None:
    ids = [(await ask("POST", f"/{kind}/new", {}))[1][f"{kind}_id"] for _ in range(2)]
    assert len({*ids}) == 2
    assert all(ids)


@KINDS
async def test_a_blocked_owner_blocks_its_keys(ask: Asking, kind: str) -> None:
    id = f"{kind}_id"
    await ask("POST", f"/{kind}/new", {id: "o"})
    key = await ask.made(**{id: "o"})
    assert (await ask("POST", f"/{kind}/block", {id: "o"}))[1]["blocked"] is True
    status, error = await ask("GET", "/v1/models", key=key["key"])
    assert (status, error["error"]["message"]) == (403, f"this {kind} is blocked")
    assert (await ask("POST", f"/{kind}/unblock", {id: "o"}))[1]["blocked"] is False
    assert (await ask("GET", "/v1/models", key=key["key"]))[0] == 200


@KINDS
async def test_an_owner_with_keys_stays(ask: Asking, kind: str) -> None:
    """Its keys would be held to nothing of it any more."""
    id = f"{kind}_id"
    await ask("POST", f"/{kind}/new", {id: "o"})
    await ask.made(**{id: "o"})
    status, error = await ask("POST", f"/{kind}/delete", {f"{id}s": ["o"]})
    assert (status, error["error"]["code"]) == (400, f"{kind}_has_keys")
    assert (await ask("GET", f"/{kind}/info?{id}=o"))[0] == 200


@KINDS
@pytest.mark.parametrize(
    ("verb", "body", "expected"),
    [
        ("new", {"{}_id": "there"}, 400),
        ("new", {"{}_id": 7}, 400),
        ("new", {"soft_budget": 7}, 400),
        ("update", {"{}_id": "nobody"}, 404),
        ("update", {"rpm_limit": 1}, 400),
        ("block", {}, 400),
        ("delete", {"{}_ids": ["nobody"]}, 404),
        ("delete", {"{}_ids": []}, 400),
    ],
)
async def test_what_is_wrong_is_told(ask: Asking, kind: str, verb: str, body: dict[str, Any], expected: int) -> None:
    await ask("POST", f"/{kind}/new", {f"{kind}_id": "there"})
    body = {name.format(kind): value for name, value in body.items()}
    assert (await ask("POST", f"/{kind}/{verb}", body))[0] == expected
    assert [owner[f"{kind}_id"] for owner in (await ask("GET", f"/{kind}/list"))[1]] == ["there"]


@KINDS
async def test_an_owner_is_not_renamed(ask: Asking, kind: str) -> None:
    await ask("POST", f"/{kind}/new", {f"{kind}_id": "o"})
    assert (await ask("POST", f"/{kind}/update", {f"{kind}_id": "o", "metadata": {"a": 1}}))[1][f"{kind}_id"] == "o"

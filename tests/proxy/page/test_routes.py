"""The page over real sockets: who gets in, what is shown, and what forms may do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aiollm.proxy.keys import digest_of
from aiollm.proxy.ledger import Store, open_database
from aiollm.proxy.page.routes import PAGE
from aiollm.testing import role, stall, tokens
from tests.proxy.admin.gateways import MASTER
from tests.proxy.ledger.rows import row
from tests.proxy.page.pages import HOSTILE, Visitor, visiting


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    """Return somebody who has not signed in."""
    async with visiting(tmp_path) as visitor:
        yield visitor


@pytest.fixture
async def operator(visitor: Visitor) -> Visitor:
    """Return somebody who has."""
    assert await visitor.sign_in() == 303
    return visitor


# Who gets in


async def test_without_a_master_key_there_is_no_page(tmp_path: Path) -> None:
    async with visiting(tmp_path, master=False) as visitor:
        for route in PAGE:
            async with visitor.session.request(route.method, visitor.address + route.paths[0], data={}) as reply:
                assert reply.status == 404
                assert (await reply.json())["error"]["code"] == "unknown_route"


async def test_the_master_key_opens_it_and_nothing_else_does(visitor: Visitor) -> None:
    assert "Master key" in (await visitor.get())[1]
    for wrong in ("", "sk-wrong", digest_of(MASTER)):
        status, told = await visitor.post("/ui", key=wrong)
        assert (status, "This is not the master key." in told) == (403, True)
    assert await visitor.sign_in() == 303
    assert "Live" in (await visitor.get())[1]


async def test_a_virtual_key_does_not_open_it(visitor: Visitor) -> None:
    headers = {"authorization": f"Bearer {MASTER}"}
    async with visitor.session.post(f"{visitor.address}/key/generate", json={}, headers=headers) as reply:
        key = (await reply.json())["key"]
    assert await visitor.sign_in(key) == 403


async def test_what_is_for_who_has_signed_in_is_for_nobody_else(visitor: Visitor) -> None:
    """A key in a header is no session, not even the master key: other sites' pages send no cookie of ours."""
    guarded = [route for route in PAGE if route.right == "page"]
    assert len(guarded) == len(PAGE) - 4
    for route in guarded:
        for headers in ({}, {"authorization": f"Bearer {MASTER}"}, {"cookie": "aiollm_session=9999999999.x.y"}):
            path = visitor.address + route.paths[0]
            async with visitor.session.request(route.method, path, data={}, headers=headers) as reply:
                assert reply.status == 401
                assert (await reply.json())["error"]["code"] == "no_session"


async def test_the_cookie_is_for_this_page_and_for_no_script(visitor: Visitor) -> None:
    async with visitor.session.post(f"{visitor.address}/ui", data={"key": MASTER}, allow_redirects=False) as reply:
        (cookie,) = reply.headers.getall("set-cookie")
    assert {"HttpOnly", "Path=/ui", "SameSite=Strict", "Max-Age=28800"} <= {part.strip() for part in cookie.split(";")}
    assert MASTER not in cookie


async def test_it_is_no_key_for_the_api(operator: Visitor) -> None:
    assert (await operator.get("/v1/models"))[0] == 401
    assert (await operator.get("/key/list"))[0] == 401


async def test_who_leaves_is_out(operator: Visitor) -> None:
    assert (await operator.post("/ui/leave", token=await operator.token()))[0] == 303
    assert "Master key" in (await operator.get())[1]


@pytest.mark.parametrize("path", ["/ui/leave", "/ui/keys", "/ui/keys/change", "/ui/chat"])
async def test_a_form_of_another_page_does_nothing(operator: Visitor, path: str) -> None:
    for fields in ({}, {"token": "0" * 64}):
        status, told = await operator.post(path, **fields)
        assert (status, "foreign_form" in told) == (403, True)
    assert operator.gateway.keyring.all() == []
    assert operator.provider.log == []


# What is shown


@pytest.mark.parametrize("path", ["/ui", "/ui/keys", "/ui/playground", "/ui/live", "/ui/style.css", "/ui/script.js"])
async def test_nothing_of_other_sites_is_allowed_in(operator: Visitor, path: str) -> None:
    async with operator.session.get(operator.address + path) as reply:
        policy = reply.headers["content-security-policy"]
        assert reply.status == 200
        assert reply.headers["cache-control"] == "no-store"
        told = await reply.text()
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert not re.search(
        r"""<script(?! src="/ui/script.js" defer></script>)|<style|\sstyle=|\son\w+=|https?://""", told
    )


async def test_calls_spend_and_waits_are_shown(operator: Visitor) -> None:
    key = {"key": "k", "deployment": "first", "first_token": 0.25}
    operator.gateway.note(row("a", model="fast", cost=1_250_000_000, **key))
    operator.gateway.note(row("b", model="fast", status="truncated", code="upstream_truncated"))
    await operator.gateway.spending.flush()
    _, told = await operator.get()
    assert "Time to the first token: half within 0.25 s, 95% within 0.25 s" in told
    assert "Time of whole calls: half within 1 s" in told
    assert "$1.2500" in told
    assert '<span class="bad">truncated: upstream_truncated</span>' in told
    assert told.count('class="point bad"') == 1


async def test_a_call_that_goes_on_is_shown_as_live(operator: Visitor) -> None:
    operator.provider.script([role(), tokens("a b c"), stall(30)])
    body = {"model": "fast", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    headers = {"authorization": f"Bearer {MASTER}"}
    chat = f"{operator.address}/v1/chat/completions"
    assert "Nothing is being answered now." in (await operator.get("/ui/live"))[1]
    async with operator.session.post(chat, json=body, headers=headers) as reply:
        await reply.content.readany()
        _, told = await operator.get("/ui/live")
    assert "<td>fast</td><td>chat</td><td>master</td>" in told


async def test_what_callers_call_things_stays_text(operator: Visitor) -> None:
    token = await operator.token()
    await operator.post("/ui/keys", token=token, key_alias=HOSTILE, models=HOSTILE)
    (holder,) = operator.gateway.keyring.all()
    operator.gateway.note(row("a", model=HOSTILE, key=holder.name, code=HOSTILE, status="failure", deployment=HOSTILE))
    await operator.gateway.spending.flush()
    for path in ("/ui", "/ui/keys"):
        _, told = await operator.get(path)
        assert "&lt;img" in told
        assert "<img" not in told


async def test_a_store_that_is_gone_is_said_on_the_page(operator: Visitor, tmp_path: Path) -> None:
    store = operator.gateway.store
    operator.gateway.store = Store(open_database(None, tmp_path / "no" / "folder"))
    status, told = await operator.get()
    assert (status, "the store cannot be reached" in told) == (503, True)
    operator.gateway.store = store


# Keys


async def test_a_key_is_made_shown_once_and_works(operator: Visitor) -> None:
    token = await operator.token()
    fields = {"key_alias": "ci", "models": "fast, other", "rpm_limit": "5", "max_budget": "1.5", "duration": "30d"}
    status, told = await operator.post("/ui/keys", token=token, budget_duration="", **fields)
    found = re.search(r'<code id="made">(sk-[\w-]{43})</code>', told)
    assert status == 200
    assert found
    (holder,) = operator.gateway.keyring.all()
    assert (holder.name, holder.alias, holder.models) == (digest_of(found[1]), "ci", ("fast", "other"))
    assert (holder.rpm, holder.budget, holder.budget_period) == (5, 1_500_000_000, None)
    assert found[1] not in (await operator.get("/ui/keys"))[1]
    headers = {"authorization": f"Bearer {found[1]}"}
    assert (await operator.get("/v1/models", headers=headers))[0] == 200


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"rpm_limit": "many"}, "rpm_limit must be"),
        ({"duration": "soon"}, "duration must be"),
        ({"max_budget": "nan"}, "max_budget must be"),
    ],
)
async def test_what_is_wrong_with_a_key_is_said(operator: Visitor, fields: dict[str, str], fault: str) -> None:
    status, told = await operator.post("/ui/keys", token=await operator.token(), **fields)
    assert (status, fault in told) == (400, True)
    assert operator.gateway.keyring.all() == []


async def test_a_key_is_blocked_unblocked_and_revoked(operator: Visitor) -> None:
    token = await operator.token()
    await operator.post("/ui/keys", token=token)
    (holder,) = operator.gateway.keyring.all()
    for verb, blocked in (("block", [True]), ("unblock", [False]), ("revoke", [])):
        assert (await operator.post("/ui/keys/change", token=token, name=holder.name, do=verb))[0] == 303
        assert [key.blocked for key in operator.gateway.keyring.all()] == blocked
    assert (await operator.post("/ui/keys/change", token=token, name=holder.name, do="block"))[0] == 404


# The playground


async def test_the_playground_streams_by_the_gateways_own_way(operator: Visitor) -> None:
    operator.provider.reply("Hello there")
    fields = {"model": "fast", "system": "Be brief.", "prompt": "Hi"}
    status, told = await operator.post("/ui/chat", token=await operator.token(), **fields)
    assert status == 200
    assert told.endswith("data: [DONE]\n\n")
    assert [message["content"] for message in operator.provider.log[0].json["messages"]] == ["Be brief.", "Hi"]
    await operator.gateway.spending.flush()
    (noted,) = await operator.gateway.store.rows()
    assert (noted.model, noted.key, noted.status) == ("fast", None, "success")

"""Who may call what: every route states its right, and one place holds to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from aiollm.proxy.caller import Caller
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.inbound.failure import Refusal
from aiollm.proxy.keys import Identity, digest_of
from aiollm.proxy.route import Right, Route
from aiollm.proxy.routes import ROUTES, further_routes
from aiollm.proxy.server import serving
from aiollm.testing import ProviderServer, status
from tests.proxy.serving import MASTER, MESSAGES, Proxy, config, running

KEY = "sk-of-a-caller"
RIGHTS: tuple[Right, ...] = ("public", "call", "admin", "metrics", "page")
EVERY = (*ROUTES, *further_routes())
PUBLIC = {  # the paths that anybody may call: a new one is a decision
    "/health/liveliness",
    "/health/liveness",
    "/health/readiness",
    "/ui",  # the form to sign in, for who has not
    "/ui/script.js",
    "/ui/style.css",
}


def test_every_route_states_its_right_and_only_the_known_ones_are_public() -> None:
    assert {route.right for route in EVERY} <= {*RIGHTS}
    assert {path for route in EVERY if route.right == "public" for path in route.paths} == PUBLIC
    named = [(route.method, path) for route in EVERY for path in route.paths]
    assert len(named) == len(set(named))


async def test_every_route_that_is_not_public_refuses_who_has_no_key(proxy: Proxy) -> None:
    for route in EVERY:
        for path in route.paths:
            filled = path.replace("{model:.+}", "fast").replace("{key}", "sk-x").replace("{stream}", "0" * 32)
            url = f"{proxy.url}{filled}"
            async with proxy.client.request(route.method, url, json={}) as reply:
                assert (reply.status == 401) == (route.right != "public"), (route.method, path, reply.status)


async def told(gateway: Gateway, request: web.BaseRequest, caller: Caller) -> web.StreamResponse:
    return web.json_response({"admin": caller.is_admin, "key": caller.identity.key and caller.identity.key.name})


@pytest.fixture
async def rights(proxy: Proxy) -> AsyncIterator[str]:
    """Serve one route of each right beside the proxy, and return the address."""
    routes = [Route("GET", (f"/{right}",), right, told) for right in RIGHTS]
    async with serving(proxy.gateway, "127.0.0.1", 0, routes=routes) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (None, {"public": 200, "call": 401, "admin": 401, "metrics": 401, "page": 401}),
        ("sk-unknown", {"public": 200, "call": 401, "admin": 401, "metrics": 401, "page": 401}),
        (KEY, {"public": 200, "call": 200, "admin": 403, "metrics": 403, "page": 401}),
        (digest_of(KEY), {"public": 200, "call": 401, "admin": 401, "metrics": 401, "page": 401}),
        (MASTER, {"public": 200, "call": 200, "admin": 200, "metrics": 200, "page": 401}),
    ],
    ids=["nobody", "unknown", "caller", "a stored hash", "master"],
)
async def test_a_right_is_held_to(proxy: Proxy, rights: str, key: str | None, wanted: dict[str, int]) -> None:
    await proxy.add_key(KEY)
    got = {}
    for right in RIGHTS:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        async with proxy.client.get(f"{rights}/{right}", headers=headers) as reply:
            got[right] = reply.status
    assert got == wanted


async def test_nobody_is_the_admin_of_a_public_route(proxy: Proxy, rights: str) -> None:
    for key in (None, MASTER):
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        async with proxy.client.get(f"{rights}/public", headers=headers) as reply:
            assert await reply.json() == {"admin": False, "key": None}
    with pytest.raises(Refusal):
        Identity("public").require_admin()


async def test_a_key_that_names_the_metrics_may_read_them(proxy: Proxy, rights: str) -> None:
    await proxy.add_key(KEY, routes=("/metrics",))
    async with proxy.client.get(f"{rights}/metrics", headers={"x-api-key": KEY}) as reply:
        assert reply.status == 200
    async with proxy.client.get(f"{rights}/call", headers={"x-api-key": KEY}) as reply:
        assert reply.status == 403


@pytest.mark.parametrize("header", ["x-api-key", "api-key", "x-goog-api-key", "x-litellm-api-key"])
async def test_a_key_may_come_in_any_clients_header(proxy: Proxy, header: str) -> None:
    async with proxy.post("/v1/chat/completions", {}, key=None, headers={header: MASTER}) as reply:
        assert reply.status == 400


async def test_a_key_may_call_its_models_and_routes_only(proxy: Proxy) -> None:
    await proxy.add_key(KEY, models=("other",), routes=("/v1/chat/completions",))
    async with proxy.chat(key=KEY) as reply:
        body = await reply.json()
    assert (reply.status, body["error"]["code"]) == (403, "model_access_denied")
    async with proxy.post("/v1/embeddings", {"model": "other", "input": "a"}, key=KEY) as reply:
        body = await reply.json()
    assert (reply.status, body["error"]["code"]) == (403, "route_access_denied")
    async with proxy.chat(key=KEY, path="/engines/fast/chat/completions", model="other") as reply:
        assert reply.status == 403  # the model in the path is the one that is asked, and looked at
    assert proxy.provider.log == []


async def test_neither_the_host_nor_the_form_of_the_target_changes_who_may_call(proxy: Proxy) -> None:
    for target, host in (("/v1/chat/completions", "localhost@evil"), (f"{proxy.url}/v1/chat/completions", "public")):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(f"POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        assert b" 401 " in await reader.readline()
        writer.close()


async def test_other_addresses_than_those_allowed_are_refused(provider: ProviderServer, tmp_path: Path) -> None:
    settings = config(provider, more="  allowed_ips: [10.0.0.0/8]\n")
    async with running(settings, provider, tmp_path) as proxy, proxy.chat() as reply:
        body = await reply.json()
    assert (reply.status, body["error"]["code"]) == (403, "address_not_allowed")


async def test_without_a_master_key_anybody_may_call(provider: ProviderServer, tmp_path: Path) -> None:
    async with running(config(provider, master=False), provider, tmp_path) as proxy, proxy.chat(key=None) as reply:
        assert reply.status == 200


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [("https://evil.example", 403), ("null", 403), ("http://localhost:3000", 200), ("http://127.0.0.1:8080", 200)],
)
async def test_pages_of_other_sites_may_not_call_where_no_key_is_asked_for(
    provider: ProviderServer, tmp_path: Path, origin: str, wanted: int
) -> None:
    asked = {"model": "fast", "messages": MESSAGES}
    async with (
        running(config(provider, master=False), provider, tmp_path) as proxy,
        proxy.post("/v1/chat/completions", asked, key=None, headers={"origin": origin}) as reply,
    ):
        assert reply.status == wanted


async def test_no_key_and_no_prompt_is_told_or_logged(proxy: Proxy, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    proxy.provider.script(status(401, body={"error": {"message": "Incorrect API key: sk-upstream-canary"}}))
    async with proxy.chat(messages=[{"role": "user", "content": "prompt-canary"}]) as reply:
        body = await reply.text()
    rows = str(await proxy.rows())
    assert reply.status == 502
    for text in (body, str(reply.headers), rows):
        assert "canary" not in text
        assert MASTER not in text
    assert "prompt-canary" not in caplog.text
    assert MASTER not in caplog.text

"""A gateway on a real port, for what operators ask of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from attrs import frozen

from aiollm.exceptions import APIError
from aiollm.proxy.config import read_config
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.guard import check
from aiollm.proxy.inbound.failure import Refusal, failure_of
from aiollm.proxy.route import Route
from aiollm.proxy.routes import ROUTES

MASTER = "sk-master-of-these-tests-0123456789"
CANARY = "sk-canary-of-these-tests-0123456789"
CONFIG = f"""
model_list:
  - model_name: small
    litellm_params: {{model: openai/gpt-4o-mini, api_key: {CANARY}, api_base: "http://127.0.0.1:9/private"}}
    model_info: {{id: one}}
  - model_name: large
    litellm_params: {{model: openai/gpt-4o, api_key: {CANARY}}}
    model_info: {{id: two}}
  - model_name: groq/*
    litellm_params: {{model: groq/*, api_key: {CANARY}}}
    model_info: {{id: any}}
general_settings: {{master_key: {MASTER}}}
"""


@frozen
class Asking:
    """A client of the gateway."""

    gateway: Gateway
    session: aiohttp.ClientSession
    address: str

    async def __call__(self, method: str, path: str, body: Any = None, *, key: str | None = MASTER) -> tuple[int, Any]:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        async with self.session.request(method, path, json=body, headers=headers) as reply:
            return reply.status, await reply.json()

    async def made(self, **body: Any) -> dict[str, Any]:
        """Return a key, as it was told when it was made."""
        status, told = await self("POST", "/key/generate", body)
        assert status == 200, told
        return dict(told)


@asynccontextmanager
async def asking(folder: Path, config: str = CONFIG) -> AsyncIterator[Asking]:
    file = folder / "config.yaml"
    file.write_text(config)
    async with Gateway(read_config(file).require(), folder / "proxy.sqlite", folder / "spool") as gateway:
        app = web.Application()
        for route in ROUTES:
            for path in route.paths:
                app.router.add_route(route.method, path, _guarded(gateway, route))
        runner = web.AppRunner(app, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        address = f"http://{host}:{port}"
        async with aiohttp.ClientSession(address) as session:
            yield Asking(gateway, session, address)
        await runner.cleanup()


def _guarded(gateway: Gateway, route: Route) -> Any:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await route.handler(gateway, request, check(gateway, route, request, "r"))
        except (APIError, Refusal) as error:
            failure = failure_of(error)
            return web.Response(status=failure.status, body=route.error(failure), content_type="application/json")

    return handle

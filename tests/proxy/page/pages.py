"""A gateway with its page, and who has signed in at it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from attrs import frozen

from aiollm.proxy.gateway import Gateway
from aiollm.testing import ProviderServer
from tests.proxy.admin.gateways import MASTER, asking

HOSTILE = """<img src=x onerror="alert('x')">"""


@frozen
class Visitor:
    """A browser without a screen: it keeps cookies, and follows nothing by itself."""

    gateway: Gateway
    provider: ProviderServer
    address: str
    session: aiohttp.ClientSession

    async def get(self, path: str = "/ui", **options: Any) -> tuple[int, str]:
        async with self.session.get(f"{self.address}{path}", **options) as reply:
            return reply.status, await reply.text()

    async def post(self, path: str, **fields: str) -> tuple[int, str]:
        async with self.session.post(f"{self.address}{path}", data=fields, allow_redirects=False) as reply:
            return reply.status, await reply.text()

    async def sign_in(self, key: str = MASTER) -> int:
        return (await self.post("/ui", key=key))[0]

    async def token(self) -> str:
        """Return the token of the page's forms."""
        found = re.search(r'name="token" value="([0-9a-f]+)"', (await self.get())[1])
        assert found
        return found[1]


@asynccontextmanager
async def visiting(folder: Path, *, master: bool = True) -> AsyncIterator[Visitor]:
    async with ProviderServer() as provider:
        settings = f"general_settings: {{master_key: {MASTER}}}\n" if master else ""
        params = f"{{model: openai/gpt-4o-mini, api_base: '{provider.base_url}', api_key: sk-upstream}}"
        text = f"model_list: [{{model_name: fast, litellm_params: {params}}}]\n{settings}"
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name
        async with asking(folder, text) as ask, aiohttp.ClientSession(cookie_jar=jar) as session:
            yield Visitor(ask.gateway, provider, ask.address, session)

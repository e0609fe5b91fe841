"""A gateway on a real port, for what operators ask of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from attrs import frozen

from aiollm.proxy.config import read_config
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.server import serving
from aiollm.proxy.service import database_of

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
    settings = read_config(file).require()
    async with (
        Gateway(settings, database_of(settings, folder / "proxy.sqlite"), folder / "spool") as gateway,
        serving(gateway, "127.0.0.1", 0) as port,
        aiohttp.ClientSession(address := f"http://127.0.0.1:{port}") as session,
    ):
        yield Asking(gateway, session, address)

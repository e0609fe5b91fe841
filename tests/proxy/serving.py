"""A worker of the proxy on a real port, with a scripted provider behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from attrs import frozen

from aiollm.providers.environment import Environment
from aiollm.proxy.config import Config, parse_config
from aiollm.proxy.config.reader import Source
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.keys import Holder, digest_of
from aiollm.proxy.server import serving
from aiollm.proxy.service import database_of
from aiollm.testing import ProviderServer

MASTER = "sk-master-0001"
MESSAGES = [{"role": "user", "content": "hi"}]


def config(
    provider: ProviderServer,
    *,
    master: bool = True,
    more: str = "",
    params: str = "",
    model: str = "openai/gpt-4o-mini",
    standing_in: str = "",
    routing: str = "",
) -> Config:
    """Return a configuration with the model "fast", which the provider answers, and one that may stand in for it."""
    key = f"  master_key: {MASTER}\n" if master else "  max_request_size_mb: 10\n"
    other = ""
    if standing_in:
        place = f'{{model: {standing_in}, api_base: "{provider.base_url}", api_key: sk-other}}'
        other = f"  - {{model_name: other, litellm_params: {place}}}\n"
        routing += "  fallbacks: [{fast: [other]}]\n"
    text = f"""
model_list:
  - model_name: fast
    litellm_params: {{model: {model}, api_base: "{provider.base_url}", api_key: sk-upstream-canary{params}}}
    model_info: {{id: first}}
{other}router_settings:
  num_retries: 0
{routing}general_settings:
{key}{more}"""
    return parse_config([Source("config.yaml", text)], Environment({})).require()


@frozen
class Proxy:
    """A worker that serves, and a client of it."""

    gateway: Gateway
    provider: ProviderServer
    port: int
    client: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, path: str, body: Any = None, *, key: str | None = MASTER, **options: Any) -> Any:
        """Return the context of a request with a JSON body."""
        headers = {**({} if key is None else {"authorization": f"Bearer {key}"}), **options.pop("headers", {})}
        return self.client.post(f"{self.url}{path}", json=body, headers=headers, **options)

    def chat(self, *, key: str | None = MASTER, path: str = "/v1/chat/completions", **members: Any) -> Any:
        """Return the context of a chat completion."""
        return self.post(path, {"model": "fast", "messages": MESSAGES, **members}, key=key)

    async def rows(self) -> list[Any]:
        """Return all rows of spend, the newest first."""
        await self.gateway.spending.flush()
        return await self.gateway.store.rows()

    async def add_key(self, key: str, **members: Any) -> Holder:
        """Make a virtual key."""
        holder = Holder(kind="key", name=digest_of(key), **members)
        await self.gateway.store.put([holder])
        await self.gateway.spending.flush()
        return holder


@asynccontextmanager
async def running(
    settings: Config, provider: ProviderServer, folder: Path, *, workers: int = 1
) -> AsyncIterator[Proxy]:
    """Run a worker, the first of so many."""
    async with (
        Gateway(
            settings, database_of(settings, folder / "proxy.sqlite"), folder / "proxy.spool", workers=workers
        ) as gateway,
        serving(gateway, "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as client,
    ):
        yield Proxy(gateway, provider, port, client)

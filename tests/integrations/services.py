"""Services that hand on a scripted provider's answer, on real ports: made with aiohttp, Starlette and FastAPI."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import uvicorn
from aiohttp import web
from attrs import frozen
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

import aiollm
from aiollm.integrations import aiohttp as on_aiohttp
from aiollm.integrations import asgi as on_asgi
from aiollm.testing import ProviderServer

MESSAGES = [{"role": "user", "content": "hi"}]


@frozen
class Service:
    """A service that answers `GET /chat`, and a client of it."""

    provider: ProviderServer
    port: int
    client: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str = "/chat") -> Any:
        """Return the context of a request."""
        return self.client.get(f"{self.url}{path}")


def asking(client: Any, provider: ProviderServer) -> Any:
    """Return a call of the provider, not awaited."""
    options = {"api_base": provider.base_url, "api_key": "sk-canary", "stream_options": {"include_usage": True}}
    return client.acompletion("openai/gpt-4o", MESSAGES, stream=True, num_retries=0, **options)


def client() -> aiollm.Client:
    return aiollm.Client()


@asynccontextmanager
async def aiohttp_service(provider: ProviderServer, **options: Any) -> AsyncIterator[int]:
    async def chat(request: web.Request) -> web.StreamResponse:
        answer = asking(request.app[on_aiohttp.CLIENT], provider)
        return await on_aiohttp.stream_response(request, answer, **options)

    async with aiohttp_serving(web.get("/chat", chat)) as port:
        yield port


@asynccontextmanager
async def aiohttp_serving(*routes: web.RouteDef) -> AsyncIterator[int]:
    """Serve routes with a client in this loop, and yield the port."""
    app = web.Application()
    app.cleanup_ctx.append(on_aiohttp.client_context(client))
    app.add_routes(routes)
    async with application_serving(app) as port:
        yield port


@asynccontextmanager
async def application_serving(app: web.Application) -> AsyncIterator[int]:
    """Serve an application of aiohttp in this loop, as it does where nothing else is said, and yield the port."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def starlette_service(provider: ProviderServer, **options: Any) -> AsyncIterator[int]:
    async def chat(request: Request) -> Any:
        return on_asgi.stream_response(asking(request.state.client, provider), **options)

    app = Starlette(routes=[Route("/chat", chat)], lifespan=on_asgi.lifespan(client))
    async with uvicorn_serving(app) as port:
        yield port


@asynccontextmanager
async def fastapi_service(provider: ProviderServer, **options: Any) -> AsyncIterator[int]:
    app = FastAPI(lifespan=on_asgi.lifespan(client))

    async def chat(request: Request) -> Any:
        return on_asgi.stream_response(asking(request.state.client, provider), **options)

    chat.__annotations__["request"] = Request  # FastAPI looks names up in the module
    app.get("/chat")(chat)
    async with uvicorn_serving(app) as port:
        yield port


@asynccontextmanager
async def uvicorn_serving(app: Any) -> AsyncIterator[int]:
    """Serve an ASGI application in this loop, and yield the port."""
    server = _Server(uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.wait_for(server.ready.wait(), timeout=20)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


Serving = Callable[..., AbstractAsyncContextManager[int]]
SERVICES: dict[str, Serving] = {
    "aiohttp": aiohttp_service,
    "Starlette": starlette_service,
    "FastAPI": fastapi_service,
}


@asynccontextmanager
async def running(serving: Serving, **options: Any) -> AsyncIterator[Service]:
    """Run a service with a provider behind it."""
    async with ProviderServer() as provider, serving(provider, **options) as port, aiohttp.ClientSession() as session:
        yield Service(provider, port, session)

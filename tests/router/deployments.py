"""Deployments on scripted servers, and a clock that can be put forward."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiollm
from aiollm.engine.attempt import Attempt
from aiollm.testing import ProviderServer

MESSAGES = [{"role": "user", "content": "Say something."}]


def entry(server: ProviderServer, id: str, group: str = "g", **params: Any) -> dict[str, Any]:
    """The entry of a deployment on a server."""
    own = {"model": f"openai/{id}", "api_base": server.base_url, "api_key": f"sk-{id}", **params}
    return {"model_name": group, "litellm_params": own, "model_info": {"id": id}}


@asynccontextmanager
async def servers(count: int) -> AsyncIterator[list[ProviderServer]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(ProviderServer()) for _ in range(count)]


async def ask(router: aiollm.Router, model: str = "g", **options: Any) -> aiollm.ChunkStream:
    """A stream, read to its end."""
    stream = await router.acompletion(model, MESSAGES, stream=True, **options)
    async for _ in stream:
        pass
    return stream


def ledger(attempts: tuple[Attempt, ...]) -> list[tuple[str | None, str, str | None]]:
    """Who was asked, why, and what became of it."""
    return [(attempt.deployment, attempt.cause, attempt.ended) for attempt in attempts]


def asked(stream: aiollm.ChunkStream) -> str | None:
    """The deployment that answered."""
    return stream.attempts[-1].deployment


def put_forward(seconds: float) -> None:
    """Put the running loop's clock forward."""
    loop = asyncio.get_running_loop()
    time = loop.time
    loop.time = lambda: time() + seconds  # type: ignore[method-assign]

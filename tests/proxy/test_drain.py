"""The end of a worker that still answers."""

from __future__ import annotations

import asyncio
import json

from msgspec.structs import replace

from aiollm.proxy.drain import drain
from aiollm.testing import finish, role, stall, tokens
from tests.proxy.serving import Proxy


async def begun(proxy: Proxy) -> asyncio.Task[str]:
    """Begin a stream, and return what reads it once its first piece has come."""
    first = asyncio.Event()

    async def read() -> str:
        async with proxy.chat(stream=True) as reply:
            text = (await reply.content.readany()).decode()
            first.set()
            return text + await reply.text()

    task = asyncio.create_task(read())
    await first.wait()
    return task


async def test_streams_finish_and_new_calls_are_sent_elsewhere(proxy: Proxy) -> None:
    proxy.provider.script([role(), tokens("so far"), stall(0.3), tokens("so good"), finish("stop")])
    stream = await begun(proxy)
    ending = asyncio.create_task(drain(proxy.gateway, asyncio.Event()))
    await asyncio.sleep(0)
    async with proxy.chat() as reply:
        body = await reply.json()
    assert (reply.status, body["error"]["code"], body["error"]["retryable"]) == (503, "shutting_down", True)
    assert reply.headers["retry-after"] == "1"
    await ending
    assert (await stream).endswith("data: [DONE]\n\n")


async def test_a_stream_that_lasts_too_long_is_told_goodbye(proxy: Proxy) -> None:
    settings = proxy.gateway.config
    proxy.gateway.config = replace(settings, aiollm=replace(settings.aiollm, drain_timeout=0.1))
    proxy.provider.script([role(), tokens("so far"), stall(30)])
    stream = await begun(proxy)
    await drain(proxy.gateway, asyncio.Event())
    frame = json.loads((await stream).rstrip().rpartition("data: ")[2])
    assert (frame["error"]["code"], frame["error"]["retryable"]) == ("stream_cancelled", True)
    await proxy.provider.wait_for_disconnect()


async def test_whoever_hurries_waits_for_nobody(proxy: Proxy) -> None:
    proxy.provider.script([role(), tokens("so far"), stall(30)])
    stream = await begun(proxy)
    hurry = asyncio.Event()
    hurry.set()
    await drain(proxy.gateway, hurry)
    assert "stream_cancelled" in await stream

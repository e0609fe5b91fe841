"""The example services as programs of their own, with a scripted provider behind them."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from aiollm.testing import ProviderServer
from tests.programs import environment

HERE = Path(__file__).parent
LIMIT = 40.0  # seconds; a service starts in two


@frozen
class Example:
    """A service that runs."""

    provider: ProviderServer
    url: str


@asynccontextmanager
async def example(name: str) -> AsyncIterator[Example]:
    """Run one of the services until the block is left; it must end in order when it is told to."""
    async with ProviderServer() as provider:
        port = _free_port()
        service = await asyncio.create_subprocess_exec(
            *(sys.executable, str(HERE / name), str(port)),
            env=environment(OPENAI_BASE_URL=provider.base_url, OPENAI_API_KEY="sk-test"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await asyncio.wait_for(_listening(port), LIMIT)
            yield Example(provider, f"http://127.0.0.1:{port}")
            service.terminate()
            await asyncio.wait_for(service.wait(), LIMIT)
        finally:
            if service.returncode is None:
                service.kill()
                await service.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def _listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return

"""The example services as programs of their own, with a scripted provider behind them."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from aiollm.testing import ProviderServer
from tests.programs import environment

HERE = Path(__file__).parent
LIMIT = 40.0  # seconds; a service starts in two
ADDRESS = re.compile(rb"http://127\.0\.0\.1:[1-9]\d*")


@frozen
class Example:
    """A service that runs."""

    provider: ProviderServer
    url: str


@asynccontextmanager
async def example(name: str) -> AsyncIterator[Example]:
    """Run one of the services until the block is left; it must end in order when it is told to."""
    async with ProviderServer() as provider:
        service = await asyncio.create_subprocess_exec(
            *(sys.executable, "-u", str(HERE / name)),
            env=environment(OPENAI_BASE_URL=provider.base_url, OPENAI_API_KEY="sk-test"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            assert service.stdout is not None
            yield Example(provider, await asyncio.wait_for(_address(service.stdout), LIMIT))
            service.terminate()
            await asyncio.wait_for(service.wait(), LIMIT)
        finally:
            if service.returncode is None:
                service.kill()
                await service.wait()


async def _address(printed: asyncio.StreamReader) -> str:
    """Return where a service says that it listens."""
    told = b""
    while line := await printed.readline():
        told += line
        if found := ADDRESS.search(line):
            return found[0].decode()
    raise AssertionError(told.decode())

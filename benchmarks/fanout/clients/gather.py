"""`asyncio.gather` over the client of a library, with a semaphore."""

import asyncio
from importlib import import_module
from typing import Any

from benchmarks.fanout.cases import Case
from benchmarks.libraries import LIBRARIES
from benchmarks.reading import read_stream

OPTIONS: dict[str, dict[str, Any]] = {"openai": {"timeout": 600.0}}
"""Its default leaves 5 s to connect, which 500 requests at once may exceed on a busy machine."""


async def ask(contender: str, base_url: str, case: Case) -> int:
    client = import_module(LIBRARIES[contender].adapter).Client(base_url, **OPTIONS.get(contender, {}))
    room = asyncio.Semaphore(case.at_a_time)

    async def one() -> int:
        async with room:
            return await read_stream(client) if case.stream else bool(await client.whole())

    counts = await asyncio.gather(*(one() for _ in range(case.requests)))
    await client.aclose()
    return sum(counts)

"""`asyncio.gather` over the client of a library, with a semaphore."""

import asyncio

from benchmarks.fanout.cases import Case
from benchmarks.libraries import LIBRARIES
from benchmarks.reading import read_stream


async def ask(contender: str, base_url: str, case: Case) -> int:
    client = LIBRARIES[contender].client(base_url)
    room = asyncio.Semaphore(case.at_a_time)

    async def one() -> int:
        async with room:
            return await read_stream(client) if case.stream else bool(await client.whole())

    counts = await asyncio.gather(*(one() for _ in range(case.requests)))
    await client.aclose()
    return sum(counts)

"""One measurement in a process of its own: ``python -m benchmarks.dialects.worker JOB`` prints it as one JSON line."""

import asyncio
import importlib
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.dialects.sdks import SDKS
from benchmarks.metering import cpu_seconds, metered
from benchmarks.provider import Provider
from benchmarks.reading import check_count, read_stream, read_stream_blocking

CHUNKS = 500
WARM_UP_STREAMS = 3


async def measure(read: Callable[[], Awaitable[int]], provider: Provider, seconds: float) -> dict[str, float]:
    """Read one stream after another for ``seconds`` of CPU; the figure is microseconds of it for each chunk."""
    for _ in range(WARM_UP_STREAMS):
        check_count(await read(), CHUNKS)
    streams = 0
    with metered(provider) as cost:
        end = cpu_seconds() + seconds
        while cpu_seconds() < end:
            check_count(await read(), CHUNKS)
            streams += 1
    return {"cpu_us": cost.cpu_us(streams * CHUNKS), "streams": streams, "upstream_busy": cost.upstream_busy}


async def run(dialect: str, library: str, port: int, seconds: float) -> dict[str, float]:
    """Measure aiollm or the SDK on one wire format."""
    provider, address = Provider(port), f"http://127.0.0.1:{port}/{dialect}/{CHUNKS}"
    if library == "aiollm":
        adapter: Any = importlib.import_module("benchmarks.dialects.clients.aiollm")
        client = adapter.Client(address, dialect)
    else:
        adapter = importlib.import_module(SDKS[dialect].adapter)
        client = adapter.Client(address)
    if getattr(adapter, "BLOCKING", False):

        async def read() -> int:
            return read_stream_blocking(client)

        result = await measure(read, provider, seconds)
        client.aclose()
        return result
    result = await measure(lambda: read_stream(client), provider, seconds)
    await client.aclose()
    return result


def main() -> None:
    """Run the job named on the command line: dialect, library, port and seconds, as JSON."""
    print("\n" + json.dumps(asyncio.run(run(**json.loads(sys.argv[1])))), flush=True)


if __name__ == "__main__":
    main()

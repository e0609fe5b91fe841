"""A thousand streams cancelled at once: how long until descriptors and tasks are back where they were."""

import asyncio
import time
from pathlib import Path
from typing import Any

from benchmarks.libraries import Library
from benchmarks.provider import Provider
from benchmarks.reading import read_stream
from benchmarks.scenarios.scenario import Figure, Scenario

RATE, CHUNKS = 2, 1_000
POLL_SECONDS = 0.005
PATIENCE_SECONDS = 10


async def measure(library: Library, provider: Provider, streams: int) -> dict[str, Any]:
    """Open ``streams`` streams, cancel the tasks that read them, and wait until nothing is left of them."""
    warm_up = library.client(provider.base_url(3))
    await read_stream(warm_up)
    client = library.client(provider.base_url(CHUNKS, rate=RATE))
    tasks_before, descriptors_before = len(asyncio.all_tasks()), _descriptors()
    reading = asyncio.Semaphore(0)

    async def read() -> None:
        stream = await client.open()
        async for chunk in stream:
            if client.text(chunk):
                reading.release()

    readers = [asyncio.create_task(read()) for _ in range(streams)]
    for _ in range(streams):
        await reading.acquire()
    started = time.monotonic()
    for reader in readers:
        reader.cancel()
    results = await asyncio.gather(*readers, return_exceptions=True)
    cancelled_s = time.monotonic() - started
    while _descriptors() > descriptors_before or len(asyncio.all_tasks()) > tasks_before:
        await asyncio.sleep(POLL_SECONDS)
        if time.monotonic() - started > PATIENCE_SECONDS:
            break
    rest_s = time.monotonic() - started
    await client.aclose()
    await warm_up.aclose()
    return {
        "cancelled_s": cancelled_s,
        "rest_s": rest_s,
        "descriptors": max(0, _descriptors() - descriptors_before),
        "tasks": len(asyncio.all_tasks()) - tasks_before,
        "otherwise": sum(not isinstance(result, asyncio.CancelledError) for result in results),
    }


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


SCENARIO = Scenario(
    name="cancel_storm",
    title="A storm of cancellations",
    about="All tasks that read are cancelled at once. Seconds until the last has ended, and until descriptors and "
    f"tasks are back where they were before ({PATIENCE_SECONDS} s at the most); then what is left.",
    measure=measure,
    cells={"1,000 streams": {"streams": 1_000}},
    quick={},
    figures=(
        Figure("cancelled_s", "tasks ended s", 3),
        Figure("rest_s", "at rest s", 3, ratio=True),
        Figure("descriptors", "descriptors left", 0),
        Figure("tasks", "tasks left", 0),
    ),
    rounds=3,
)

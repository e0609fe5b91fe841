"""Time to the first token on a warm connection, when the provider itself takes none."""

import time
from typing import Any

from benchmarks.libraries import Library
from benchmarks.medians import percentile
from benchmarks.metering import metered
from benchmarks.provider import Provider
from benchmarks.reading import read_stream
from benchmarks.scenarios.scenario import Figure, Scenario

CHUNKS = 3


async def measure(library: Library, provider: Provider, calls: int) -> dict[str, Any]:
    """Time ``calls`` short streams from the call to the first text."""
    client = library.client(provider.base_url(CHUNKS))
    for _ in range(10):
        await read_stream(client)
    with metered(provider) as cost:
        waits = [await _first_token(client) for _ in range(calls)]
    await client.aclose()
    return {
        "p50_ms": 1e3 * percentile(waits, 50),
        "p99_ms": 1e3 * percentile(waits, 99),
        "cpu_us": cost.cpu_us(calls),
        **cost.upstream(),
    }


async def _first_token(client: Any) -> float:
    wait = 0.0
    started = time.perf_counter()
    stream = await client.open()
    async for chunk in stream:
        if not wait and client.text(chunk):
            wait = time.perf_counter() - started
    await client.close(stream)
    return wait


SCENARIO = Scenario(
    name="first_token",
    title="First token on a warm connection",
    about=f"From the call to the first text in the caller's hands; {CHUNKS} chunks a call, one call at a time.",
    measure=measure,
    cells={"warm": {"calls": 300}},
    quick={"calls": 100},
    figures=(
        Figure("p50_ms", "p50 ms", 2, ratio=True),
        Figure("p99_ms", "p99 ms", 2),
        Figure("cpu_us", "CPU µs of the whole call", 0, ratio=True),
    ),
)

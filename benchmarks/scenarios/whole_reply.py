"""CPU of a call that does not stream, one after another and fifty at once."""

import asyncio
from typing import Any

from benchmarks.libraries import Library
from benchmarks.metering import cpu_seconds, metered
from benchmarks.provider import Provider
from benchmarks.scenarios.scenario import Figure, Scenario


async def measure(library: Library, provider: Provider, at_once: int, seconds: float) -> dict[str, Any]:
    """Keep ``at_once`` calls in flight for ``seconds`` of CPU."""
    client = library.client(provider.base_url(1))
    await asyncio.gather(*(client.whole() for _ in range(at_once)))

    async def call_until(end: float) -> int:
        calls = 0
        while cpu_seconds() < end:
            assert await client.whole()
            calls += 1
        return calls

    with metered(provider) as cost:
        end = cpu_seconds() + seconds
        calls = sum(await asyncio.gather(*(call_until(end) for _ in range(at_once))))
    await client.aclose()
    return {"cpu_us": cost.cpu_us(calls), "calls": calls, **cost.upstream()}


SCENARIO = Scenario(
    name="whole_reply",
    title="CPU per call that does not stream, asynchronous",
    about="A reply of about 500 bytes on warm connections. Microseconds of CPU per call.",
    measure=measure,
    cells={
        "one after another": {"at_once": 1, "seconds": 1.0},
        "50 at once": {"at_once": 50, "seconds": 1.5},
    },
    quick={"seconds": 0.4},
    figures=(Figure("cpu_us", "µs per call", 0, ratio=True),),
)

"""How late the clocks of a thousand open streams fire."""

import asyncio
import time
from typing import Any

from benchmarks.libraries import Library
from benchmarks.medians import percentile
from benchmarks.provider import Provider
from benchmarks.reading import read_stream
from benchmarks.scenarios.scenario import Figure, Scenario

RATE, CHUNKS = 0.05, 3  # the second chunk comes long after the clock
IDLE_SECONDS = 2.0
RAMP_SECONDS = 1.0


async def measure(library: Library, provider: Provider, streams: int) -> dict[str, Any]:
    """Open ``streams`` streams over one second; each stalls after its first chunk until its idle clock fires."""
    from aiollm import IdleTimeout, Timeouts, acompletion
    from benchmarks.clients.aiollm import arguments

    warm_up = library.client(provider.base_url(3))
    await read_stream(warm_up)
    call = arguments(provider.base_url(CHUNKS, rate=RATE)) | {"timeout": Timeouts(idle=IDLE_SECONDS)}
    late: list[float] = []

    async def read(delay: float) -> None:
        await asyncio.sleep(delay)
        stream = await acompletion(**call, stream=True)
        last = time.monotonic()
        try:
            async for _ in stream:
                last = time.monotonic()
        except IdleTimeout:
            late.append(time.monotonic() - last - IDLE_SECONDS)

    await asyncio.gather(*(read(RAMP_SECONDS * number / streams) for number in range(streams)))
    return {
        "late_p50_ms": 1e3 * percentile(late, 50),
        "late_p99_ms": 1e3 * percentile(late, 99),
        "silent": streams - len(late),
    }


SCENARIO = Scenario(
    name="clock_lateness",
    title="Clocks of many streams",
    about=f"Streams that stall after a chunk, each with an idle clock of {IDLE_SECONDS:g} s: milliseconds from the "
    "time it should fire to its error in the caller's hands, and clocks that never fired.",
    measure=measure,
    cells={"1,000 streams": {"streams": 1_000}},
    figures=(
        Figure("late_p50_ms", "late p50 ms", 1),
        Figure("late_p99_ms", "late p99 ms", 1),
        Figure("silent", "never fired", 0),
    ),
    rounds=3,
    libraries=frozenset({"aiollm"}),
)

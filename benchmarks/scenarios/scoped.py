"""CPU per chunk inside `aiollm.scope`, to the same outside of it."""

import statistics
from typing import Any

from benchmarks.libraries import Library
from benchmarks.metering import cpu_seconds
from benchmarks.provider import Provider
from benchmarks.reading import check_count, read_stream
from benchmarks.scenarios.scenario import Figure, Scenario

CHUNKS = 500
STREAMS = 20


async def measure(library: Library, provider: Provider, pairs: int) -> dict[str, Any]:
    """Read the same streams inside a scope and outside, in turns, ``pairs`` times."""
    import aiollm

    client = library.client(provider.base_url(CHUNKS))

    async def cost_us() -> float:
        began = cpu_seconds()
        for _ in range(STREAMS):
            check_count(await read_stream(client), CHUNKS)
        return 1e6 * (cpu_seconds() - began) / (STREAMS * CHUNKS)

    await cost_us()
    inside, ratios = [], []
    for turn in range(pairs):
        costs = {}
        for scoped in (True, False) if turn % 2 else (False, True):
            if scoped:
                with aiollm.scope(total=600, first_token=60, idle=60):
                    costs[scoped] = await cost_us()
            else:
                costs[scoped] = await cost_us()
        inside.append(costs[True])
        ratios.append(costs[True] / costs[False])
    return {"cpu_us": statistics.median(inside), "ratio": statistics.median(ratios)}


SCENARIO = Scenario(
    name="scoped",
    title="CPU per chunk in a scope",
    about="Saturated streams read inside `aiollm.scope(total, first_token, idle)` and outside of it, in turns: "
    "microseconds of CPU per chunk inside, and the median ratio to outside.",
    measure=measure,
    cells={"chunked": {"pairs": 20}},
    quick={"pairs": 6},
    figures=(Figure("cpu_us", "µs per chunk", 2), Figure("ratio", "to outside", 3)),
    rounds=3,
    libraries=frozenset({"aiollm"}),
)

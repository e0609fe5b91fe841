"""The memory one long stream takes: it should not grow with the answer."""

from typing import Any

from benchmarks.libraries import Library
from benchmarks.metering import resident_bytes
from benchmarks.provider import Provider
from benchmarks.reading import check_count
from benchmarks.scenarios.scenario import Figure, Scenario


async def measure(library: Library, provider: Provider, chunks: int) -> dict[str, Any]:
    """Read one saturated stream and compare the memory held at a tenth of it with that at its end."""
    client = library.client(provider.base_url(chunks))
    stream = await client.open()
    early, read = 0, 0
    async for chunk in stream:
        if client.text(chunk):
            read += 1
            if read == chunks // 10:
                early = resident_bytes()
    late = resident_bytes()
    check_count(read, chunks)
    await client.close(stream)
    await client.aclose()
    return {"growth_mb": (late - early) / 1024 / 1024, "chunks": chunks}


SCENARIO = Scenario(
    name="long_stream",
    title="Memory of one long stream",
    about="Growth of the process from a tenth to the end of a stream of 40,000 chunks (10,000 with `--quick`).",
    measure=measure,
    cells={"growth": {"chunks": 40_000}},
    quick={"chunks": 10_000},
    figures=(Figure("growth_mb", "MB", 1),),
    rounds=1,
)

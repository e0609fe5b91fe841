"""CPU per streamed chunk when the upstream is always ahead: the cost of the client's own code."""

from typing import Any

from benchmarks.libraries import Library
from benchmarks.metering import cpu_seconds, metered
from benchmarks.payload import Framing
from benchmarks.provider import Provider
from benchmarks.reading import check_count, read_stream
from benchmarks.scenarios.scenario import Figure, Scenario

CHUNKS = 500
WARM_UP_STREAMS = 3


async def measure(library: Library, provider: Provider, framing: Framing, seconds: float) -> dict[str, Any]:
    """Read one stream after another for ``seconds`` of CPU."""
    client = library.client(provider.base_url(CHUNKS, framing=framing))
    for _ in range(WARM_UP_STREAMS):
        check_count(await read_stream(client), CHUNKS)
    streams = 0
    with metered(provider) as cost:
        end = cpu_seconds() + seconds
        while cpu_seconds() < end:
            check_count(await read_stream(client), CHUNKS)
            streams += 1
    await client.aclose()
    return {"cpu_us": cost.cpu_us(streams * CHUNKS), "streams": streams, **cost.upstream()}


SCENARIO = Scenario(
    name="saturated",
    title="CPU per streamed chunk, saturated, asynchronous",
    about=f"Streams of {CHUNKS} chunks, one after another, as fast as they are read. Microseconds of CPU per chunk.",
    measure=measure,
    cells={
        "big reads": {"framing": "length", "seconds": 1.5},
        "chunked": {"framing": "chunked", "seconds": 1.5},
    },
    quick={"seconds": 0.5},
    figures=(Figure("cpu_us", "µs per chunk", 2, ratio=True),),
)

"""Many streams at a real model's pace: failures, CPU per chunk, memory per stream and the latency a client adds."""

import asyncio
import time
from array import array
from collections import Counter
from typing import Any

from benchmarks.libraries import Library
from benchmarks.medians import percentile
from benchmarks.metering import metered, resident_bytes
from benchmarks.provider import Provider
from benchmarks.reading import read_stream
from benchmarks.scenarios.scenario import Figure, Scenario

RATE = 20
RAMP_SECONDS = 1.0
SAMPLE_SECONDS = 0.1


class Crowd:
    """The streams of one measurement and what was seen of them."""

    def __init__(self, client: Any) -> None:
        self.latencies = array("d")
        self.first_latencies = array("d")
        self.failures: Counter[str] = Counter()
        self.peak_bytes = 0
        self._client = client

    async def read(self, delay: float) -> None:
        """Read one stream that starts after ``delay`` seconds; every chunk says when it was sent."""
        await asyncio.sleep(delay)
        started = time.monotonic()
        first = True
        try:
            stream = await self._client.open()
            async for chunk in stream:
                if text := self._client.text(chunk):
                    now = time.monotonic()
                    self.latencies.append(now - float(text))
                    if first:
                        self.first_latencies.append(now - started)
                        first = False
            await self._client.close(stream)
        except Exception as error:  # noqa: BLE001  # whatever a library raises is a figure here
            self.failures[type(error).__name__] += 1

    async def watch_memory(self) -> None:
        """Keep the highest resident size until cancelled."""
        while True:
            self.peak_bytes = max(self.peak_bytes, resident_bytes())
            await asyncio.sleep(SAMPLE_SECONDS)


async def measure(library: Library, provider: Provider, streams: int, chunks: int) -> dict[str, Any]:
    """Open ``streams`` streams over one second and read them all."""
    client = library.client(provider.base_url(chunks, rate=RATE))
    warm_up = library.client(provider.base_url(3))
    for _ in range(3):
        await read_stream(warm_up)
    await warm_up.aclose()
    crowd = Crowd(client)
    held = resident_bytes()
    watch = asyncio.create_task(crowd.watch_memory())
    with metered(provider) as cost:
        await asyncio.gather(*(crowd.read(RAMP_SECONDS * number / streams) for number in range(streams)))
    watch.cancel()
    await client.aclose()
    return {
        "cpu_us": cost.cpu_us(len(crowd.latencies)),
        "kb_per_stream": (crowd.peak_bytes - held) / 1024 / streams,
        "latency_p50_ms": 1e3 * percentile(crowd.latencies, 50),
        "latency_p99_ms": 1e3 * percentile(crowd.latencies, 99),
        "first_p50_ms": 1e3 * percentile(crowd.first_latencies, 50),
        "wall_s": cost.wall_seconds,
        "failures": sum(crowd.failures.values()),
        "missing_chunks": streams * chunks - len(crowd.latencies),
        "failure_names": dict(crowd.failures),
        **cost.upstream(),
    }


SCENARIO = Scenario(
    name="paced",
    title=f"Concurrent streams at {RATE} tokens a second, asynchronous",
    about="All streams open within one second; latency is from the upstream's write to the chunk in the caller's "
    "hands. Wall time would be 3.0 s for a client with no cost (4.0 s in the first two tables).",
    measure=measure,
    cells={
        "10 streams": {"streams": 10, "chunks": 60},
        "100 streams": {"streams": 100, "chunks": 60},
        "1,000 streams": {"streams": 1_000, "chunks": 40},
        "2,000 streams": {"streams": 2_000, "chunks": 40},
    },
    figures=(
        Figure("cpu_us", "CPU µs per chunk", 1, ratio=True),
        Figure("latency_p50_ms", "latency p50 ms", 2),
        Figure("latency_p99_ms", "p99 ms", 1, ratio=True),
        Figure("first_p50_ms", "first token p50 ms", 1),
        Figure("kb_per_stream", "KB per stream", 0),
        Figure("wall_s", "wall s", 1),
        Figure("failures", "failures", 0),
        Figure("missing_chunks", "missing chunks", 0),
    ),
    rounds=3,
)

"""CPU per streamed chunk of the blocking API: one thread, and thirty-two at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.libraries import Library
from benchmarks.metering import cpu_seconds, metered
from benchmarks.provider import Provider
from benchmarks.reading import check_count, read_stream_blocking
from benchmarks.scenarios.scenario import Figure, Scenario

CHUNKS = 500
READER = "reader"


def measure(library: Library, provider: Provider, threads: int, seconds: float) -> dict[str, Any]:
    """Let ``threads`` threads read streams for ``seconds`` of CPU in all."""
    client = library.blocking_client(provider.base_url(CHUNKS))
    for _ in range(2):
        check_count(read_stream_blocking(client), CHUNKS)
    with ThreadPoolExecutor(threads, READER) as pool, metered(provider) as cost:
        end = cpu_seconds() + seconds
        streams = sum(pool.map(lambda _: _read_until(client, end), range(threads)))
        own_threads = _threads_of_the_library()
    return {
        "cpu_us": cost.cpu_us(streams * CHUNKS),
        "chunks_per_second": streams * CHUNKS / cost.wall_seconds,
        "own_threads": own_threads,
        **cost.upstream(),
    }


def _threads_of_the_library() -> int:
    ours = [thread for thread in threading.enumerate() if thread.name.startswith(READER)]
    return len(list(Path("/proc/self/task").iterdir())) - len(ours) - 1


def _read_until(client: Any, end: float) -> int:
    streams = 0
    while True:
        check_count(read_stream_blocking(client), CHUNKS)
        streams += 1
        if cpu_seconds() >= end:
            return streams


SCENARIO = Scenario(
    name="blocking",
    title="CPU per streamed chunk, saturated, blocking",
    about=f"Streams of {CHUNKS} chunks, chunked. The floor is a blocking socket, `split` and `orjson.loads`.",
    measure=measure,
    cells={
        "1 thread": {"threads": 1, "seconds": 1.5},
        "32 threads": {"threads": 32, "seconds": 3.0},
    },
    quick={"seconds": 0.5},
    figures=(
        Figure("cpu_us", "CPU µs per chunk", 2, ratio=True),
        Figure("chunks_per_second", "chunks a second", 0),
        Figure("own_threads", "threads of its own", 0),
    ),
    blocking_cells=frozenset({"1 thread", "32 threads"}),
)

"""How long the upstream goes on after the caller has stopped reading, by the upstream's own log.

After each stop the program goes on running with the stream's variable alive. If the upstream has not seen the end by
then, the variable is dropped and a garbage collection forced, to tell "late" from "never".
"""

import asyncio
import gc
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from benchmarks.libraries import Library
from benchmarks.medians import percentile
from benchmarks.provider import Provider
from benchmarks.reading import read_stream, read_stream_blocking
from benchmarks.scenarios.scenario import Figure, Scenario

RATE, CHUNKS, READ = 200, 1_000, 4
KEPT_SECONDS = 0.15
DROPPED_SECONDS = 0.05


class Trials:
    """When each stream was stopped and when its variable was dropped, against what the upstream logged."""

    def __init__(self, provider: Provider) -> None:
        self.label = f"stop{os.getpid()}"
        self.stopped: list[float] = []
        self.dropped: list[float] = []
        self.url = provider.base_url(CHUNKS, rate=RATE, label=self.label)
        self.warm_up_url = provider.base_url(3)
        self._provider = provider

    def result(self) -> dict[str, Any]:
        """Delays of the streams that ended at once, and how many ended later or went on."""
        log = self._provider.log(self.label)
        assert len(log) == len(self.stopped), "the upstream saw another number of streams than were opened"
        left = [entry["left"] for entry in log]
        delays = [
            max(0.0, end - stop)
            for end, stop, drop in zip(left, self.stopped, self.dropped, strict=True)
            if end is not None and end < drop
        ]
        ran_on = left.count(None)
        return {
            "p50_ms": 1e3 * percentile(delays, 50),
            "p99_ms": 1e3 * percentile(delays, 99),
            "delays_ms": [1e3 * delay for delay in delays],
            "at_once": len(delays),
            "after_collection": len(log) - len(delays) - ran_on,
            "ran_on": ran_on,
            "trials": len(log),
        }


async def measure(library: Library, provider: Provider, way: str, trials: int) -> dict[str, Any]:
    """Stop ``trials`` asynchronous streams in one way."""
    seen = Trials(provider)
    warm_up = library.client(seen.warm_up_url)
    await read_stream(warm_up)
    client = library.client(seen.url)
    for _ in range(trials):
        if way == "cancel":
            kept = await _cancel(client, seen)
        else:
            kept = await _break(client, seen, close=way == "close")
        await asyncio.sleep(KEPT_SECONDS)
        seen.dropped.append(time.monotonic())
        del kept
        gc.collect()
        await asyncio.sleep(DROPPED_SECONDS)
    result = seen.result()
    await warm_up.aclose()
    await client.aclose()
    return result


async def _break(client: Any, seen: Trials, *, close: bool) -> Any:
    stream = await client.open()
    read = 0
    async for chunk in stream:
        if client.text(chunk):
            read += 1
        if read == READ:
            seen.stopped.append(time.monotonic())
            break
    if close:
        await client.close(stream)
    return stream


async def _cancel(client: Any, seen: Trials) -> Any:
    kept: list[Any] = []
    reading = asyncio.Event()

    async def read() -> None:
        stream = await client.open()
        kept.append(stream)
        count = 0
        async for chunk in stream:
            count += bool(client.text(chunk))
            if count == READ:
                reading.set()

    task = asyncio.create_task(read())
    await reading.wait()
    seen.stopped.append(time.monotonic())
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return kept


def measure_blocking(library: Library, provider: Provider, way: str, trials: int) -> dict[str, Any]:
    """Stop ``trials`` blocking streams in one way."""
    seen = Trials(provider)
    read_stream_blocking(library.blocking_client(seen.warm_up_url))
    client = library.blocking_client(seen.url)
    for _ in range(trials):
        kept = _break_blocking(client, seen, close=way == "close")
        time.sleep(KEPT_SECONDS)
        seen.dropped.append(time.monotonic())
        del kept
        gc.collect()
        time.sleep(DROPPED_SECONDS)
    return seen.result()


def _break_blocking(client: Any, seen: Trials, *, close: bool) -> Any:
    stream = client.open()
    read = 0
    for chunk in stream:
        if client.text(chunk):
            read += 1
        if read == READ:
            seen.stopped.append(time.monotonic())
            break
    if close:
        client.close(stream)
    return stream


def show(medians: Mapping[str, float]) -> str:
    """One cell: the delay, or what it took to end the stream."""
    if medians["at_once"] == medians["trials"]:
        return f"{medians['p50_ms']:.1f} / {medians['p99_ms']:.1f}"
    if medians["ran_on"] > medians["trials"] / 2:
        return "never"
    if medians["after_collection"] > medians["trials"] / 2:
        return "on collection"
    return f"{medians['at_once']:.0f} of {medians['trials']:.0f}"


def _scenario(name: str, title: str, measure: Any, cells: dict[str, str], *, blocking: bool) -> Scenario:
    return Scenario(
        name=name,
        title=title,
        about="Milliseconds from the stop to the upstream seeing it, p50 / p99, with the variable kept. "
        "*On collection*: not before the variable was dropped and a collection forced; *never*: not even then.",
        measure=measure,
        cells={cell: {"way": way, "trials": 40} for cell, way in cells.items()},
        quick={"trials": 8},
        figures=(Figure("p99_ms", "ms p50 / p99", show=show),),
        rounds=2,
        blocking_cells=frozenset(cells) if blocking else frozenset(),
    )


SCENARIO = _scenario(
    "stopping",
    "Stopping an asynchronous stream",
    measure,
    {"`break`": "break", "`aclose()`": "close", "task cancelled": "cancel"},
    blocking=False,
)
BLOCKING_SCENARIO = _scenario(
    "stopping_blocking",
    "Stopping a blocking stream",
    measure_blocking,
    {"`break`": "break", "`close()`": "close"},
    blocking=True,
)

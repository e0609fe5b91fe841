"""The memory of the proxy over very many requests: ``python -m benchmarks.proxy.endurance --requests 1000000``.

It prints what the proxy holds after each so many, with keys, limits, spend and metrics on, and the slope at the end.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.provider import running_provider
from benchmarks.proxy.gateways import GATEWAYS, MASTER, OURS, Place
from benchmarks.proxy.line import connect
from benchmarks.proxy.load import CALLERS, Target
from benchmarks.proxy.models import WHOLE
from benchmarks.proxy.process import OTHER_CORE, free_port, started
from benchmarks.proxy.starting import wait_for_answer


def main() -> None:
    """Run what the command line asks for, with the packages of the interpreter that runs this."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxy.endurance", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--every", type=int, default=50_000)
    options = parser.parse_args()
    with _proxy() as target:
        os.sched_setaffinity(0, {OTHER_CORE})
        asyncio.run(_watch(target, options.requests, options.every))


@contextmanager
def _proxy() -> Iterator[Target]:
    """The proxy in front of the benchmark's upstream, and a key of it."""
    program, gateway = Path(sys.executable), GATEWAYS[OURS]
    with running_provider(program, "benchmarks.proxy.upstream") as provider, TemporaryDirectory() as folder:
        place = Place(program, Path(folder), free_port(), f"http://127.0.0.1:{provider.port}")
        environ = {"PYTHONPATH": os.environ.get("PYTHONPATH", os.fspath(Path.cwd()))}
        with started(gateway.command(place), place.folder, environ) as process:
            wait_for_answer(process, place.port, MASTER, {})
            yield Target(place.port, gateway.key(f"http://127.0.0.1:{place.port}"), {}, process.pid)


async def _watch(target: Target, requests: int, every: int) -> None:
    """Ask so many times, and tell what the proxy holds after each part of them."""
    held: list[float] = []
    for done in range(every, requests + 1, every):
        began = time.monotonic()
        await _ask(target, every)
        held.append(target.megabytes())
        rate = every / (time.monotonic() - began)
        print(json.dumps({"requests": done, "megabytes": round(held[-1], 2), "per_second": round(rate)}), flush=True)
    late = held[len(held) // 2 :]  # what a process takes once is taken by then
    if len(late) > 1:
        slope = statistics.linear_regression(range(len(late)), late).slope * 1_000_000 / every
        print(json.dumps({"megabytes_per_million": round(slope, 3)}))


async def _ask(target: Target, count: int) -> None:
    """Ask for whole answers, from several connections, each as soon as its last answer is there."""
    left = iter(range(count))
    asked = target.request(WHOLE, stream=False)

    async def call() -> None:
        line = await connect(target.port)
        for _ in left:
            await line.ask(asked)
        line.close()

    await asyncio.gather(*(call() for _ in range(CALLERS)))


if __name__ == "__main__":
    main()

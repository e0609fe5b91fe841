"""The memory of the proxy over very many requests: ``python -m benchmarks.proxy.endurance --requests 1000000``.

It prints what the proxy holds after each so many, with keys, limits, spend and metrics on, and the slope at the end.
"""

import argparse
import asyncio
import json
import statistics
import time

from benchmarks.proxy.line import connect
from benchmarks.proxy.load import CALLERS, Target
from benchmarks.proxy.models import WHOLE
from benchmarks.proxy.ours import running_proxy


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxy.endurance", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--every", type=int, default=50_000)
    options = parser.parse_args()
    with running_proxy() as (target, _):
        asyncio.run(_watch(target, options.requests, options.every))


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

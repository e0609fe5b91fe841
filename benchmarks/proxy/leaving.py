"""How soon the upstream hears that a client has left its stream: ``python -m benchmarks.proxy.leaving``."""

import argparse
import asyncio
import json
import time

from benchmarks.medians import percentile
from benchmarks.proxy.line import connect
from benchmarks.proxy.load import Target
from benchmarks.proxy.models import PACED
from benchmarks.proxy.ours import running_proxy

FRAMES = 3
"""How many frames a client reads before it leaves."""

LAST_SECONDS = 2.0


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxy.leaving", description=__doc__)
    parser.add_argument("--streams", type=int, default=200)
    options = parser.parse_args()
    with running_proxy() as (target, provider):
        left = asyncio.run(_leave(target, options.streams))
        time.sleep(LAST_SECONDS)
        heard = [entry["left"] for entry in provider.log(PACED.rpartition("-")[2])]
    took = [1e3 * (there - here) for there, here in zip(heard, left, strict=True)]
    print(json.dumps({f"p{share}_ms": round(percentile(took, share), 2) for share in (50, 99, 100)}))


async def _leave(target: Target, streams: int) -> list[float]:
    """Open streams, one after the other, and leave each; return when, by the clock that the upstream has too."""
    asked = target.request(PACED, stream=True)
    left = []
    for _ in range(streams):
        line = await connect(target.port)
        answer = line.begin(asked)
        while answer.frames < FRAMES:  # noqa: ASYNC110 - a look each millisecond is no load
            await asyncio.sleep(0.001)
        left.append(time.monotonic())
        line.close()
        await asyncio.sleep(0.01)
    return left


if __name__ == "__main__":
    main()

"""How soon the upstream hears that a client has left: ``python -m benchmarks.proxy.leaving``.

After the first text of a stream, before it, and while a whole answer is waited for.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Mapping

from benchmarks.medians import percentile
from benchmarks.provider import Provider
from benchmarks.proxy.line import Answer, connect
from benchmarks.proxy.load import Target
from benchmarks.proxy.models import PACED, SILENT
from benchmarks.proxy.ours import running_proxy

FRAMES = 3
"""How many frames a client reads before it leaves a stream that has begun."""

LAST_SECONDS = 2.0

CASES: Mapping[str, tuple[str, bool]] = {
    "stream": (PACED, True),
    "before_the_first_token": (SILENT, True),
    "whole": (SILENT, False),
}
"""What is left: the model that is asked, and whether it is streamed."""


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxy.leaving", description=__doc__)
    parser.add_argument("--calls", type=int, default=200, help="how many are left in each case")
    options = parser.parse_args()
    with running_proxy() as (target, provider):
        for case, (model, stream) in CASES.items():
            took = asyncio.run(_left(target, provider, model, options.calls, stream=stream))
            figures = {f"p{share}_ms": round(percentile(took, share), 2) for share in (50, 99, 100)}
            print(json.dumps({"case": case, **figures}))


async def _left(target: Target, provider: Provider, model: str, calls: int, *, stream: bool) -> list[float]:
    """Begin calls, one after the other, and leave each; return how many milliseconds later the upstream heard of it."""
    asked, label = target.request(model, stream=stream), model.rpartition("-")[2]
    before, left = len(provider.log(label)), []
    for number in range(calls):
        line = await connect(target.port)
        answer = line.begin(asked)
        while not _is_under_way(answer, provider, model, before + number):  # noqa: ASYNC110 - no load
            await asyncio.sleep(0.001)
        left.append(time.monotonic())
        line.close()
        await asyncio.sleep(0.01)
    await asyncio.sleep(LAST_SECONDS)
    heard = [entry["left"] for entry in provider.log(label)[before:]]
    return [1e3 * (there - here) for there, here in zip(heard, left, strict=True)]


def _is_under_way(answer: Answer, provider: Provider, model: str, before: int) -> bool:
    """Whether a client has read enough of an answer, or the upstream has the request that it will not answer."""
    if model == SILENT:
        return len(provider.log(SILENT.rpartition("-")[2])) > before
    return answer.frames >= FRAMES


if __name__ == "__main__":
    main()

"""Read streams with random faults for a long time: ``python3 -m tests.soak --minutes 20``.

Two hundred streams are open at a time, one in ten of them read by a thread; each meets a case of the failure catalogue,
and some are left early. Every one must end as its case says. At the end no more descriptors, threads and tasks may be
held than at the start, and memory must not have grown with the calls: neither what Python has allocated at rest, nor
what the process occupies while it works (a line through the lowest of each five samples, a sample a second, the first
third left out). Linux only. Exits non-zero when anything was not as it should be; ``--seed`` repeats a run.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time

from tests.soak.load import Load
from tests.soak.machine import Held, held, resident, settled, slope
from tests.soak.provider import provider

WARM_UP_SECONDS = 5.0
MOST_BLOCKS_A_CALL = 0.1
MOST_BYTES_A_CALL = 300.0  # occupied; a leaked stream has thousands
NOISE_BYTES = 6 << 20  # a heap that is full of holes moves by this much in a short run
MOST_SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak", description="Streams with random faults.")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    given = parser.parse_args()
    print(f"{given.streams} streams for {given.minutes:g} minutes, seed {given.seed}", flush=True)
    with provider(given.seed + 1) as base_url:
        asyncio.run(soak(Load(base_url, given.seed + 1), given.streams, WARM_UP_SECONDS))
    before = held()
    with provider(given.seed) as base_url:
        load = Load(base_url, given.seed)
        samples = asyncio.run(soak(load, given.streams, given.minutes * 60))
    return report(load, samples, before, settled(before))


async def soak(load: Load, streams: int, seconds: float) -> list[tuple[float, int]]:
    """Keep the load up, and return the memory occupied at each second."""
    samples = []
    started = time.monotonic()
    async with load.running(streams):
        while (elapsed := time.monotonic() - started) < seconds:
            samples.append((elapsed, resident()))
            await asyncio.sleep(min(1.0, seconds - elapsed))
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=5)
    load.unexpected += [f"a task was left: {task!r}" for task in left]
    return samples


def report(load: Load, samples: list[tuple[float, int]], before: Held, after: Held) -> int:
    """Print what happened, and return the exit status."""
    per_second = slope(samples)
    seconds = samples[-1][0] - samples[len(samples) // 3][0]
    per_call = per_second * samples[-1][0] / load.calls
    blocks = (after.blocks - before.blocks) / load.calls
    grew = per_call > MOST_BYTES_A_CALL and per_second * seconds > NOISE_BYTES
    print(f"{load.calls} calls: " + ", ".join(f"{count} {name}" for name, count in load.endings.most_common()))
    print(f"memory occupied: {samples[0][1] >> 20} MiB at first, {samples[-1][1] >> 20} MiB at last; after the first")
    print(f"third {per_second * 60 / 1024:+.0f} KiB a minute, {per_call:+.0f} bytes a call")
    print(f"allocated at rest: {before.blocks} blocks before, {after.blocks} after, {blocks:+.3f} a call")
    print(f"descriptors {before.descriptors} before, {after.descriptors} after; ", end="")
    print(f"threads {before.threads} before, {after.threads} after; unexpected: {len(load.unexpected)}")
    for line in load.unexpected[:MOST_SHOWN]:
        print(f"  {line}")
    more = after.descriptors > before.descriptors or after.threads > before.threads
    return int(bool(load.unexpected) or more or grew or blocks > MOST_BLOCKS_A_CALL)


if __name__ == "__main__":
    sys.exit(main())

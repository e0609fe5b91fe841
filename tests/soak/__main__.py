"""Read streams with random faults for a long time: ``python3 -m tests.soak --minutes 20``.

Two hundred streams are open at a time, one in ten of them read by a thread; each meets a case of the failure catalogue,
and some are left early. Every one must end as its case says. At the end no more descriptors, threads and tasks may be
held than at the start, and memory in use must not have grown with the calls, at rest before and after. Linux with
glibc only. Exits non-zero when anything was not as it should be; ``--seed`` repeats a run.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys

from tests.soak.load import Load
from tests.soak.machine import Held, held, resident, settled
from tests.soak.provider import ProviderFailedError, provider

WARM_UP_SECONDS = 5.0
MOST_BLOCKS_A_CALL = 0.1
NOISE_BLOCKS = 3000  # a loop keeps up to a hundred cancelled timers; caches fill
MOST_BYTES_A_CALL = 50.0  # a leaked stream has thousands
NOISE_BYTES = 1 << 20
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
    try:
        with provider(given.seed) as base_url:
            load = Load(base_url, given.seed)
            asyncio.run(soak(load, given.streams, given.minutes * 60))
    except ProviderFailedError as failure:
        load.unexpected.append(str(failure))
    return report(load, before, settled(before))


async def soak(load: Load, streams: int, seconds: float) -> None:
    """Keep the load up."""
    async with load.running(streams):
        await asyncio.sleep(seconds)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=5)
    load.unexpected += [f"a task was left: {task!r}" for task in left]


def report(load: Load, before: Held, after: Held) -> int:
    """Print what happened, and return the exit status."""
    blocks, heap = after.blocks - before.blocks, after.heap - before.heap
    print(f"{load.calls} calls: " + ", ".join(f"{count} {name}" for name, count in load.endings.most_common()))
    print(f"small objects at rest: {before.blocks} before, {after.blocks} after, {blocks / load.calls:+.3f} a call")
    print(f"heap in use at rest: {before.heap >> 10} KiB before, {after.heap >> 10} KiB after, ", end="")
    print(f"{heap / load.calls:+.0f} bytes a call; {resident() >> 20} MiB are occupied")
    print(f"descriptors {before.descriptors} before, {after.descriptors} after; ", end="")
    print(f"threads {before.threads} before, {after.threads} after; unexpected: {len(load.unexpected)}")
    for line in load.unexpected[:MOST_SHOWN]:
        print(f"  {line}")
    more = after.descriptors > before.descriptors or after.threads > before.threads
    leaked = blocks > max(MOST_BLOCKS_A_CALL * load.calls, NOISE_BLOCKS)
    grew = heap > max(MOST_BYTES_A_CALL * load.calls, NOISE_BYTES)
    return int(bool(load.unexpected) or more or leaked or grew)


if __name__ == "__main__":
    sys.exit(main())

"""The process of one library: reads jobs from stdin, a line each, and answers each with a line of what was seen.

``python -m benchmarks.failures.worker LIBRARY``
"""

import asyncio
import importlib
import json
import os
import resource
import sys
import time
from typing import Any

from benchmarks.failures.clients import Client, Seen
from benchmarks.failures.peers import PEERS

READ = 2
"""How many pieces of text are read of a stream that is left."""

LATE = 1.5
"""Seconds for which a library may still end a stream that was left, with its variable alive or gone."""


def main() -> None:
    """Answer the jobs on stdin."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr  # what a library prints is no answer
    make = importlib.import_module(PEERS[sys.argv[1]].adapter).Client
    for line in sys.stdin:
        print(json.dumps(answered(make, **json.loads(line))), file=answers, flush=True)


def answered(make: Any, base_url: str, way: str, retries: int, bound: float) -> dict[str, Any]:
    """Read in one way, and return what was seen: text, error, seconds, and the memory it took at its peak."""
    client = make(base_url, retries)
    runs = [_one(client, way, bound) for _ in range(3 if way == "loops" else 1)]
    before = _peak_mb()
    started = time.monotonic()
    answers = [asyncio.run(run) for run in runs]
    failed = next((answer for answer in answers if answer["error"] or answer["hung"]), answers[-1])
    return failed | {"seconds": time.monotonic() - started, "memory_mb": _peak_mb() - before}


async def _one(client: Client, way: str, bound: float) -> dict[str, Any]:
    seen = _SEEN[way]()
    error: Exception | None = None
    block = asyncio.timeout(bound)
    try:
        async with block:
            await _READING.get(way, _read)(client, seen)
    except Exception as caught:  # noqa: BLE001  # whatever a library raises is looked at
        error = None if block.expired() else caught
    return {
        "text": "".join(seen.pieces),
        "hung": block.expired(),
        "error": type(error).__name__ if error else None,
        "documented": isinstance(error, client.ERRORS),
        "message": str(error) if error else "",
        "left_at": seen.enough_came.result() if seen.enough_came.done() else None,
    }


async def _read(client: Client, seen: Seen) -> None:
    await client.read(seen)


async def _read_twice(client: Client, seen: Seen) -> None:
    await client.read(seen)
    await client.read(seen)


async def _leave(client: Client, seen: Seen) -> None:
    await client.read(seen)
    await asyncio.sleep(LATE)


async def _cancel(client: Client, seen: Seen) -> None:
    reading = asyncio.create_task(client.read(seen))
    await asyncio.wait([reading, seen.enough_came], return_when=asyncio.FIRST_COMPLETED)
    reading.cancel()
    await asyncio.wait([reading])
    await asyncio.sleep(LATE)


_SEEN: dict[str, Any] = {
    "read": Seen,
    "twice": Seen,
    "loops": Seen,
    "break": lambda: Seen(READ, lives_on=LATE),
    "drop": lambda: Seen(READ),
    "cancel": lambda: Seen(READ, stop=False),
}
_READING: dict[str, Any] = {"twice": _read_twice, "drop": _leave, "cancel": _cancel}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()

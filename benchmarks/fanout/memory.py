"""What a job of a million requests takes: ``python -m benchmarks.fanout.memory``, in an environment with aiollm.

The requests come from a generator and go over real sockets to the upstream; or nowhere, which is quicker. It prints by
how much the process grew, and how large it was, as JSON. With a store, a second run with the same file resumes one
that has all answers.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiollm
from benchmarks.clients import API_KEY, MODEL
from benchmarks.metering import cpu_seconds, resident_bytes
from benchmarks.provider import running_provider

WARM = 5_000
"""Requests after which all that a job needs is there: the growth is counted from here."""

STEPS = 100


def main() -> None:
    """Run the job that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fanout.memory", description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--no-sockets", action="store_true", help="have each answered in the process (mock_response)")
    parser.add_argument("--store", type=Path, help="keep the answers in this .sqlite or .jsonl file")
    parser.add_argument("--output", type=Path, help="where to write the figures too")
    options = parser.parse_args()
    with running_provider(Path(sys.executable), "benchmarks.fanout.upstream") as provider:
        where = {"mock_response": "Fine."} if options.no_sockets else {"base_url": provider.base_url(1)}
        figures = asyncio.run(measure(where, options.items, options.store))
    text = json.dumps(figures)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")


async def measure(where: dict[str, Any], items: int, store: Path | None = None) -> dict[str, Any]:
    """Ask so many requests, and return by how much the process grew from the first thousands on, and what it held."""
    options = {"api_key": API_KEY, "concurrency": 100, "store": store, "progress": False, **where}
    job = aiollm.map(prompts(items), f"openai/{MODEL}", **options)
    began, taken = time.monotonic(), 0
    held: list[tuple[int, float]] = []
    async for result in job:
        assert result.ok, result.error
        taken += 1
        if taken == WARM or (taken > WARM and taken % (items // STEPS) == 0):
            held.append((taken, resident_bytes() / 1e6))
            print(f"{taken:,}: {held[-1][1]:.1f} MB", file=sys.stderr, flush=True)
    first = held[0][1]
    return {
        "items": taken,
        "from_store": job.summary().from_store,
        "sockets": "base_url" in where,
        "store": None if store is None else store.suffix,
        "growth_mb": max(megabytes for _, megabytes in held) - first,
        "held_mb": [[number, round(megabytes, 1)] for number, megabytes in held],
        "seconds": time.monotonic() - began,
        "cpu_seconds": cpu_seconds(),
    }


def prompts(items: int) -> Iterator[str]:
    """Requests, each another one."""
    return (f"Say something about fox number {number}." for number in range(items))


if __name__ == "__main__":
    main()

"""One measurement in a process of its own: ``python -m benchmarks.policies.worker JOB`` prints it as one JSON line."""

import asyncio
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.metering import cpu_seconds, metered
from benchmarks.policies.cases import BARE, CASES, ENGINE, WHOLE
from benchmarks.policies.clients import Client
from benchmarks.provider import Provider
from benchmarks.reading import check_count, read_stream
from benchmarks.runner import alternating

CALLS = {WHOLE: 8, 1: 8, 51: 8, 501: 1}
"""How often a case is called in one turn, by the length of the answer."""

WARM_UP_TURNS = 2


async def read(client: Client, length: int) -> None:
    """Make one call, and read its answer."""
    if length == WHOLE:
        assert await client.whole()
    else:
        check_count(await read_stream(client), length)


async def turn(clients: Mapping[tuple[str, int], Client], cases: Sequence[str]) -> dict[tuple[str, int], float]:
    """Call each case with each length, one after the other; the figures are microseconds of CPU, the median call's.

    A call that another process breaks into finds the processor's caches full of that process's data, and costs more.
    """
    costs = {}
    for length, calls in CALLS.items():
        for case in cases:
            costs[case, length] = median([await cost(clients[case, length], length) for _ in range(calls)])
    return costs


async def cost(client: Client, length: int) -> float:
    """Make one call; the figure is microseconds of CPU."""
    began = cpu_seconds()
    await read(client, length)
    return 1e6 * (cpu_seconds() - began)


async def measure(library: str, port: int, seconds: float) -> dict[str, Any]:
    """Let the cases of a library take turns for ``seconds`` of CPU.

    The cases share a process, and a turn is short: what disturbs one of them disturbs all. The figures are the medians
    of all turns: what a case costs, and by how much it costs more than another in the same turn.
    """
    provider = Provider(port)
    made = importlib.import_module(f"benchmarks.policies.clients.{library}").CLIENTS
    cases = [name for name, case in CASES.items() if case.library == library]
    clients = {
        (case, length): made[case](provider.base_url(length or 1, label=f"{case}-{length}"))
        for case in cases
        for length in CALLS
    }
    for _ in range(WARM_UP_TURNS):
        await turn(clients, cases)
    turns = []
    with metered(provider) as total:
        end = cpu_seconds() + seconds
        while cpu_seconds() < end:
            turns.append(await turn(clients, alternating(cases, len(turns))))

    def over(case: str, to: str) -> dict[int, float]:
        return {length: median(taken[case, length] - taken[to, length] for taken in turns) for length in CALLS}

    return {
        "cpu_us": {
            case: {length: median(taken[case, length] for taken in turns) for length in CALLS} for case in cases
        },
        "over_us": {case: over(case, to) for case in cases if (to := CASES[case].to)},
        "over_engine_us": {case: over(case, ENGINE) for case in cases if CASES[case].to == BARE},
        "turns": len(turns),
        "upstream_busy": total.upstream_busy,
    }


def main() -> None:
    """Run the job named on the command line: library, port and seconds, as JSON."""
    print("\n" + json.dumps(asyncio.run(measure(**json.loads(sys.argv[1])))), flush=True)


if __name__ == "__main__":
    main()

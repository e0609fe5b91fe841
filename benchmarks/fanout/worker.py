"""One measurement in a process of its own: ``python -m benchmarks.fanout.worker JOB`` prints it as one JSON line."""

import asyncio
import importlib
import inspect
import json
import sys
from dataclasses import replace
from typing import Any

from benchmarks.ceiling import raise_descriptor_limit
from benchmarks.fanout.cases import CASES, CONTENDERS, Case
from benchmarks.metering import metered, resident_bytes
from benchmarks.provider import Provider
from benchmarks.reading import check_count


def ask(runner: asyncio.Runner, contender: str, base_url: str, case: Case) -> int:
    """Ask all requests, on the runner's loop where that is asynchronous, and return how many chunks of text came."""
    module = importlib.import_module(f"benchmarks.fanout.clients.{CONTENDERS[contender].module}")
    count: Any = module.ask(contender, base_url, case)
    return int(runner.run(count) if inspect.iscoroutine(count) else count)


def measure(contender: str, case: str, port: int, *, quick: bool) -> dict[str, Any]:
    """Measure one contender in one case: CPU for each chunk or request, requests a second, and how it grew."""
    provider, asked = Provider(port), CASES[case].asked_by(contender, quick=quick)
    warm_up = replace(asked, requests=CONTENDERS[contender].warm_up, rate=0.0)
    with asyncio.Runner() as runner:  # one loop for both: some keep connections of a loop that has ended
        check_count(ask(runner, contender, warm_up.base_url(provider), warm_up), warm_up.units)
        held = resident_bytes()
        with metered(provider) as cost:
            count = ask(runner, contender, asked.base_url(provider), asked)
    check_count(count, asked.units)
    return {
        "cpu_us": cost.cpu_us(asked.units),
        "per_second": asked.requests / cost.wall_seconds,
        "growth_mb": (resident_bytes() - held) / 1e6,
        **cost.upstream(),
    }


def main() -> None:
    """Run the job named on the command line: contender, case, port and whether it is quick, as JSON."""
    raise_descriptor_limit()
    print("\n" + json.dumps(measure(**json.loads(sys.argv[1]))), flush=True)


if __name__ == "__main__":
    main()

"""One measurement in a process of its own: ``python -m benchmarks.worker JOB`` prints the result as one JSON line."""

import asyncio
import inspect
import json
import math
import sys
from typing import Any

from benchmarks.ceiling import raise_descriptor_limit
from benchmarks.libraries import LIBRARIES
from benchmarks.provider import Provider
from benchmarks.scenarios import SCENARIOS


def main() -> None:
    """Run the job named on the command line: library, scenario, port and the cell's parameters, as JSON."""
    job = json.loads(sys.argv[1])
    raise_descriptor_limit()
    measure = SCENARIOS[job["scenario"]].measure
    result: Any = measure(LIBRARIES[job["library"]], Provider(job["port"]), **job["parameters"])
    if inspect.iscoroutine(result):
        result = asyncio.run(result)
    known = {name: value for name, value in result.items() if not (isinstance(value, float) and math.isnan(value))}
    print("\n" + json.dumps(known), flush=True)


if __name__ == "__main__":
    main()

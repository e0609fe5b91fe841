"""``python -m benchmarks.limits``: load providers with hidden limits, and write the table and the picture."""

import argparse
import json
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.environments import Environments
from benchmarks.libraries import LIBRARIES
from benchmarks.machine import describe_machine, load_average
from benchmarks.options import parser_of
from benchmarks.provider import CHECKOUT

RESULTS = CHECKOUT / "benchmarks" / "results"
CASES = ("silent", "fast", "told", "halved", "minute", "retries")


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    environments = Environments(options.envs)
    python = environments.python("limits", [*LIBRARIES["aiollm"].requirements, "matplotlib"])
    run: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks.limits", *sys.argv[1:]]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": describe_machine(),
        "load": {"before": load_average()},
        "seconds": options.seconds,
    }
    run["records"] = _records(python, options.seconds)
    run["load"]["after"] = load_average()
    data = RESULTS / "limits.json"
    data.write_text(json.dumps(run) + "\n")
    for module, result in (("plot", "limits.png"), ("report", "limits.md")):
        command = [str(python), "-m", f"benchmarks.limits.{module}", str(data), str(RESULTS / result)]
        subprocess.run(command, cwd=CHECKOUT, check=True)
    print(f"wrote limits.json, limits.md and limits.png in {RESULTS}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = parser_of("benchmarks.limits", __doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="how long each case takes; they run side by side")
    return parser.parse_args()


def _records(python: Path, seconds: float) -> list[Any]:
    """The figures of all cases, each of which has a process of its own."""
    command = [str(python), "-m", "benchmarks.limits.load"]
    running = [
        subprocess.Popen([*command, name, str(seconds)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
        for name in CASES
    ]
    outputs = [process.communicate()[0] for process in running]
    return [json.loads(output) for output in outputs]


if __name__ == "__main__":
    main()

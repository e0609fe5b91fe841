"""``python -m benchmarks.policies``: call through each stack of policies, and write the table."""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.environments import Environments, installed_versions
from benchmarks.libraries import LIBRARIES
from benchmarks.machine import describe_machine, load_average
from benchmarks.options import PRINTS_ONLY, add_choice, parser_of
from benchmarks.policies.report import page
from benchmarks.provider import CHECKOUT, running_provider
from benchmarks.runner import Record, alternating, run_worker

RESULTS = CHECKOUT / "benchmarks" / "results"
COMPARED = ("aiollm", "litellm")


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    environments = Environments(options.envs)
    pythons = {name: environments.python(name, LIBRARIES[name].requirements) for name in options.libraries}
    started = time.monotonic()
    run: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks.policies", *sys.argv[1:]]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": describe_machine(),
        "load": {"before": load_average()},
        "versions": {name: installed_versions(pythons[name], LIBRARIES[name].distributions) for name in pythons},
    }
    with running_provider(environments.python("upstream", ["uvloop"])) as provider:
        run["records"] = list(_records(options, pythons, provider.port))
    run["load"]["after"] = load_average()
    run["minutes"] = (time.monotonic() - started) / 60
    if options.libraries == list(COMPARED):
        _write(run)
    else:
        print(page(run))


def _options() -> argparse.Namespace:
    parser = parser_of("benchmarks.policies", __doc__)
    add_choice(parser, "--libraries", COMPARED, "LIBRARY", help=PRINTS_ONLY)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU of one measurement")
    return parser.parse_args()


def _records(options: argparse.Namespace, pythons: Mapping[str, Path], port: int) -> Iterator[Record]:
    """One record per round and library."""
    for number in range(options.rounds):
        for name in alternating(options.libraries, number):
            job = {"library": name, "port": port, "seconds": options.seconds}
            command = [str(pythons[name]), "-m", "benchmarks.policies.worker", json.dumps(job)]
            record = {"library": name, "round": number, **run_worker(command, LIBRARIES[name])}
            print(json.dumps(record), file=sys.stderr, flush=True)
            yield record


def _write(run: Mapping[str, Any]) -> None:
    (RESULTS / "policies.json").write_text(json.dumps(run, indent=1) + "\n")
    (RESULTS / "policies.md").write_text(page(run))
    print(f"wrote policies.json and policies.md in {RESULTS}", file=sys.stderr)


if __name__ == "__main__":
    main()

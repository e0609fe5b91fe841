"""``python -m benchmarks.dialects``: read each wire format through aiollm and its vendor's SDK, and write the table."""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.dialects.report import page
from benchmarks.dialects.sdks import OURS, SDKS
from benchmarks.environments import Environments, installed_versions
from benchmarks.machine import describe_machine, load_average
from benchmarks.options import PRINTS_ONLY, add_choice, parser_of
from benchmarks.provider import CHECKOUT, running_provider
from benchmarks.runner import Record, alternating, run_worker

RESULTS = CHECKOUT / "benchmarks" / "results"
UPSTREAM = "benchmarks.dialects.upstream"


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    environments = Environments(options.envs)
    libraries = {library.name: library for library in (OURS, *(SDKS[name] for name in options.only))}
    pythons = {name: environments.python(name, library.requirements) for name, library in libraries.items()}
    upstream = environments.python("dialects-upstream", [*OURS.requirements, "uvloop"])
    started = time.monotonic()
    run: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks.dialects", *sys.argv[1:]]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": describe_machine(),
        "load": {"before": load_average()},
        "dialects": options.only,
        "versions": {name: installed_versions(pythons[name], libraries[name].distributions) for name in pythons},
    }
    with running_provider(upstream, UPSTREAM) as provider:
        run["records"] = list(_records(options, pythons, provider.port))
    run["load"]["after"] = load_average()
    run["minutes"] = (time.monotonic() - started) / 60
    if options.only == list(SDKS):
        _write(run)
    else:
        print(page(run))


def _options() -> argparse.Namespace:
    parser = parser_of("benchmarks.dialects", __doc__)
    add_choice(parser, "--only", SDKS, "DIALECT", help=PRINTS_ONLY)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="CPU of one measurement")
    return parser.parse_args()


def _records(options: argparse.Namespace, pythons: Mapping[str, Path], port: int) -> Iterator[Record]:
    """One record per wire format, round and library."""
    for dialect in options.only:
        pair: Sequence[str] = (OURS.name, SDKS[dialect].name)
        for number in range(options.rounds):
            for name in alternating(pair, number):
                job = {"dialect": dialect, "library": name, "port": port, "seconds": options.seconds}
                library = OURS if name == OURS.name else SDKS[dialect]
                command = [str(pythons[name]), "-m", "benchmarks.dialects.worker", json.dumps(job)]
                record = {"dialect": dialect, "library": name, "round": number, **run_worker(command, library)}
                print(json.dumps(record), file=sys.stderr, flush=True)
                yield record


def _write(run: Mapping[str, Any]) -> None:
    (RESULTS / "dialects.json").write_text(json.dumps(run, indent=1) + "\n")
    (RESULTS / "dialects.md").write_text(page(run))
    print(f"wrote dialects.json and dialects.md in {RESULTS}", file=sys.stderr)


if __name__ == "__main__":
    main()

"""``python -m benchmarks.fanout``: ask many things in each way, and write the table and the picture."""

import argparse
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.environments import Environments, installed_versions
from benchmarks.fanout.cases import CASES, CONTENDERS, PROMISED, Case
from benchmarks.fanout.report import page
from benchmarks.machine import describe_machine, load_average
from benchmarks.options import PRINTS_ONLY, add_choice, parser_of
from benchmarks.provider import CHECKOUT, running_provider
from benchmarks.runner import Record, alternating, run_worker

RESULTS = CHECKOUT / "benchmarks" / "results"


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    environments = Environments(options.envs)
    libraries = {CONTENDERS[name].library.name: CONTENDERS[name].library for name in options.contenders}
    pythons = {name: environments.python(name, library.requirements) for name, library in libraries.items()}
    started = time.monotonic()
    run: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks.fanout", *sys.argv[1:]]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": describe_machine(),
        "load": {"before": load_average()},
        "rounds": options.rounds,
        "quick": options.quick,
        "versions": {name: installed_versions(pythons[name], libraries[name].distributions) for name in pythons},
    }
    upstream = environments.python("upstream", ["uvloop"])
    with running_provider(upstream, "benchmarks.fanout.upstream") as provider:
        run["records"] = list(_records(options, pythons, provider.port))
    run["load"]["after"] = load_average()
    run["minutes"] = (time.monotonic() - started) / 60
    if options.contenders == list(CONTENDERS):
        _write(run, environments)
    else:
        print(page(run))


def _options() -> argparse.Namespace:
    parser = parser_of("benchmarks.fanout", __doc__)
    add_choice(parser, "--contenders", CONTENDERS, "NAME", help=PRINTS_ONLY)
    parser.add_argument("--quick", action="store_true", help="a fifth of the short requests, and of the peers' streams")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _records(options: argparse.Namespace, pythons: Mapping[str, Path], port: int) -> Iterator[Record]:
    """One record per case, round and contender."""
    for case, asked in CASES.items():
        able = [name for name in options.contenders if _takes_part(name, asked)]
        for number in range(options.rounds):
            for name in alternating(able, number):
                library = CONTENDERS[name].library
                job = {"contender": name, "case": case, "port": port, "quick": options.quick}
                command = [str(pythons[library.name]), "-m", "benchmarks.fanout.worker", json.dumps(job)]
                record = {"case": case, "contender": name, "round": number, **run_worker(command, library)}
                print(json.dumps(record), file=sys.stderr, flush=True)
                yield record


def _takes_part(contender: str, case: Case) -> bool:
    return (CONTENDERS[contender].streams or not case.stream) and (case.peers or contender in PROMISED)


def _write(run: Mapping[str, Any], environments: Environments) -> None:
    data, picture = RESULTS / "fanout.json", RESULTS / "fanout.png"
    data.write_text(json.dumps(run, indent=1) + "\n")
    (RESULTS / "fanout.md").write_text(page(run))
    plot = environments.python("plot", ["matplotlib"])
    subprocess.run([str(plot), "-m", "benchmarks.fanout.plot", str(data), str(picture)], cwd=CHECKOUT, check=True)
    print(f"wrote fanout.json, fanout.md and fanout.png in {RESULTS}", file=sys.stderr)


if __name__ == "__main__":
    main()

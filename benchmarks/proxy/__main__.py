"""``python -m benchmarks.proxy``: have the gateways take turns, and write the tables and the picture."""

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.environments import Environments
from benchmarks.machine import describe_machine, load_average
from benchmarks.options import add_choice, parser_of
from benchmarks.provider import CHECKOUT, running_provider
from benchmarks.proxy.gateways import GATEWAYS
from benchmarks.proxy.installed import install
from benchmarks.proxy.turns import METHOD, Turns
from benchmarks.runner import Record

RESULTS = CHECKOUT / "benchmarks" / "results"


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    if len(os.sched_getaffinity(0)) < 2:
        raise SystemExit("the gateway needs a processor core for itself, and this machine has one only")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # as Ctrl-C does: the gateways are ended too
    environments = Environments(options.envs)
    began = time.monotonic()
    run: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks.proxy", *sys.argv[1:]]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": describe_machine(),
        "load": {"before": load_average()},
        "gateways": options.gateways,
        "method": METHOD,
    }
    installed = {name: install(GATEWAYS[name], environments, options.envs) for name in options.gateways}
    run["versions"] = {name: found.versions for name, found in installed.items()}
    python = environments.python("upstream", ["uvloop"])
    programs = {name: found.program for name, found in installed.items()}
    with running_provider(python, "benchmarks.proxy.upstream") as provider:
        run["records"] = list(_records(Turns(programs, python, provider, options.rounds)))
    run["load"]["after"] = load_average()
    run["minutes"] = (time.monotonic() - began) / 60
    _write(run, options.output, environments.python("plot", ["matplotlib"]))


def _options() -> argparse.Namespace:
    parser = parser_of("benchmarks.proxy", __doc__)
    add_choice(parser, "--gateways", GATEWAYS, "GATEWAY")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    return parser.parse_args()


def _records(turns: Turns) -> Iterator[Record]:
    for record in chain(turns.starts(), turns.cases()):
        print(json.dumps(record), file=sys.stderr, flush=True)
        yield record


def _write(run: Mapping[str, Any], folder: Path, plotting: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "proxy.json"
    data.write_text(json.dumps(run, indent=1) + "\n")
    for module, result in (("plot", "proxy.png"), ("report", "proxy.md")):
        command = [str(plotting), "-m", f"benchmarks.proxy.{module}", str(data), str(folder / result)]
        subprocess.run(command, cwd=CHECKOUT, check=True)
    print(f"wrote proxy.json, proxy.md and proxy.png in {folder}", file=sys.stderr)


if __name__ == "__main__":
    main()

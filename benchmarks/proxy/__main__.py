"""``python -m benchmarks.proxy``: start each gateway, load it, and write the tables and the picture."""

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
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.environments import Environments
from benchmarks.machine import describe_machine, load_average
from benchmarks.options import add_choice, parser_of
from benchmarks.provider import CHECKOUT, running_provider
from benchmarks.proxy.gateways import GATEWAYS, MASTER, Gateway, Place
from benchmarks.proxy.installed import Installed, install
from benchmarks.proxy.load import CASES
from benchmarks.proxy.process import NotStartedError, Processes, free_port, started
from benchmarks.proxy.starting import IDLE_SECONDS, wait_for_answer
from benchmarks.runner import Record, alternating

RESULTS = CHECKOUT / "benchmarks" / "results"
DIRECT = "direct"
"""The upstream without a gateway before it: what the load and the machine add themselves."""

CASE_TIMEOUT_SECONDS = 120


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
    }
    installed = {name: install(GATEWAYS[name], environments, options.envs) for name in options.gateways}
    run["versions"] = {name: found.versions for name, found in installed.items()}
    python = environments.python("upstream", ["uvloop"])
    with running_provider(python, "benchmarks.proxy.upstream") as provider:
        run["records"] = list(_records(options, installed, python, provider.port))
    run["load"]["after"] = load_average()
    run["minutes"] = (time.monotonic() - began) / 60
    _write(run, options.output, environments.python("plot", ["matplotlib"]))


def _options() -> argparse.Namespace:
    parser = parser_of("benchmarks.proxy", __doc__)
    add_choice(parser, "--gateways", GATEWAYS, "GATEWAY")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    return parser.parse_args()


def _records(
    options: argparse.Namespace, installed: Mapping[str, Installed], python: Path, upstream: int
) -> Iterator[Record]:
    """One record per round and gateway: its start, and each case."""
    for number in range(options.rounds):
        for name in alternating([DIRECT, *options.gateways], number):
            if name == DIRECT:
                cases = _loaded(python, {"port": upstream, "key": "none", "headers": {}, "process": None})
                record = {"result": cases}
            else:
                record = _measured(GATEWAYS[name], installed[name], python, upstream)
            print(json.dumps({"gateway": name, "round": number, **record}), file=sys.stderr, flush=True)
            yield {"gateway": name, "round": number, **record}


def _measured(gateway: Gateway, installed: Installed, python: Path, upstream: int) -> Record:
    """Start a gateway anew and load it."""
    with TemporaryDirectory() as folder:
        place = Place(installed.program, Path(folder), free_port(), f"http://127.0.0.1:{upstream}")
        headers = dict(gateway.headers(place.upstream))
        try:
            with started(gateway.command(place), place.folder, gateway.environ) as process:
                seconds = wait_for_answer(process, place.port, MASTER, headers)
                key = gateway.key(f"http://127.0.0.1:{place.port}")
                time.sleep(IDLE_SECONDS)
                idle = Processes(process.pid).resident_bytes() / 1e6
                job = {"port": place.port, "key": key, "headers": headers, "process": process.pid}
                cases = _loaded(python, job)
        except NotStartedError as error:
            return {"failure": str(error).replace(folder, "")}
    return {"result": {"start": {"seconds": seconds, "idle_megabytes": idle}, **cases}}


def _loaded(python: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of each case; one that fails says why."""
    figures = {}
    for case in CASES:
        command = [str(python), "-m", "benchmarks.proxy.load", json.dumps({"case": case, **job})]
        try:
            done = subprocess.run(
                command, cwd=CHECKOUT, capture_output=True, text=True, timeout=CASE_TIMEOUT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            figures[case] = {"failure": f"not done within {CASE_TIMEOUT_SECONDS} s"}
            continue
        told = (done.stderr if done.returncode else done.stdout).strip().splitlines()
        figures[case] = {"failure": told[-1][:200]} if done.returncode else json.loads(told[-1])
    return figures


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

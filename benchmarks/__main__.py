"""``python -m benchmarks``: make the environments, run the scenarios, write the JSON, the table and the plot."""

import argparse
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.ceiling import paced_ceiling, raise_descriptor_limit, saturated_ceiling
from benchmarks.environments import Environments, installed_versions
from benchmarks.libraries import LIBRARIES
from benchmarks.machine import describe_machine, load_average
from benchmarks.options import add_choice, parser_of
from benchmarks.provider import CHECKOUT, Provider, running_provider
from benchmarks.report import render
from benchmarks.runner import Record, run_scenario
from benchmarks.scenarios import SCENARIOS

QUICK_ROUNDS = 2
RESULTS = CHECKOUT / "benchmarks" / "results"
PLOT_NAME = "streaming.png"


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    environments = Environments(options.envs)
    if options.micro:
        python = environments.python("micro", [str(CHECKOUT), "orjson", "pydantic"])
        raise SystemExit(subprocess.call([str(python), "-m", "benchmarks.micro_decode"], cwd=CHECKOUT))
    started = time.monotonic()
    run: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": describe_machine(),
        "load": {"before": load_average()},
        "scenarios": options.only,
        "libraries": options.libraries,
    }
    pythons = {name: environments.python(name, LIBRARIES[name].requirements) for name in options.libraries}
    run["versions"] = {name: installed_versions(pythons[name], LIBRARIES[name].distributions) for name in pythons}
    raise_descriptor_limit()
    with running_provider(environments.python("upstream", ["uvloop"])) as provider:
        run["ceiling"] = _ceiling(provider, quick=options.quick)
        run["records"] = _measure(options, pythons, provider)
    run["load"]["after"] = load_average()
    run["minutes"] = (time.monotonic() - started) / 60
    _write(run, options.output, options.name, environments.python("plot", ["matplotlib"]))


def _options() -> argparse.Namespace:
    parser = parser_of("benchmarks", __doc__)
    parser.add_argument("--quick", action="store_true", help=f"at most {QUICK_ROUNDS} short rounds")
    parser.add_argument("--micro", action="store_true", help="only the micro-benchmark of decoding, printed")
    add_choice(parser, "--only", SCENARIOS, "SCENARIO")
    add_choice(parser, "--libraries", LIBRARIES, "LIBRARY")
    parser.add_argument("--rounds", type=int, help="rounds of every scenario, instead of each one's own number")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--name", default="streaming", help="name of the JSON file in it")
    return parser.parse_args()


def _ceiling(provider: Provider, *, quick: bool) -> dict[str, Any]:
    seconds = 0.5 if quick else 2.0
    return {
        "loop": provider.loop,
        "saturated": {framing: saturated_ceiling(provider, framing, seconds) for framing in ("chunked", "length")},
        "paced": [paced_ceiling(provider, streams, rate=20, chunks=40) for streams in (10, 100, 1_000, 2_000)],
    }


def _measure(options: argparse.Namespace, pythons: Mapping[str, Path], provider: Provider) -> list[Record]:
    records: list[Record] = []
    for name in options.only:
        scenario = SCENARIOS[name]
        rounds = options.rounds or (min(scenario.rounds, QUICK_ROUNDS) if options.quick else scenario.rounds)
        records += run_scenario(scenario, pythons, provider, rounds=rounds, quick=options.quick)
    return records


def _write(run: Mapping[str, Any], folder: Path, name: str, plot_python: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data, plot = folder / f"{name}.json", folder / PLOT_NAME
    data.write_text(json.dumps(run, indent=1) + "\n")
    subprocess.run([str(plot_python), "-m", "benchmarks.plot", str(data), str(plot)], cwd=CHECKOUT, check=True)
    (folder / "README.md").write_text(render(run, PLOT_NAME if plot.exists() else None))
    print(f"wrote {data}, {plot} and {folder / 'README.md'}", file=sys.stderr)


if __name__ == "__main__":
    main()

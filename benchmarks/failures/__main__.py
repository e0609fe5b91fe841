"""``python -m benchmarks.failures``: run the same faults through every library, and write the matrix."""

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
from benchmarks.failures.peers import PEERS
from benchmarks.failures.report import between_markers, page, readme_section
from benchmarks.machine import describe_machine
from benchmarks.options import PRINTS_ONLY, add_choice, parser_of
from benchmarks.provider import CHECKOUT

RESULTS = CHECKOUT / "benchmarks" / "results"
README = CHECKOUT / "README.md"


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    environments = Environments(options.envs)
    pythons = {name: environments.python(name, PEERS[name].requirements) for name in options.libraries}
    provider = environments.python("aiollm", PEERS["aiollm"].requirements)
    started = time.monotonic()
    run: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks.failures", *sys.argv[1:]]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": describe_machine(),
        "versions": {name: installed_versions(python, PEERS[name].distributions) for name, python in pythons.items()},
        "cells": list(_cells(provider, pythons)),
    }
    run["minutes"] = (time.monotonic() - started) / 60
    if options.libraries == list(PEERS):
        _write(run)
    else:
        print(page(run))


def _options() -> argparse.Namespace:
    parser = parser_of("benchmarks.failures", __doc__)
    add_choice(parser, "--libraries", PEERS, "LIBRARY", help=PRINTS_ONLY)
    return parser.parse_args()


def _cells(provider: Path, pythons: Mapping[str, Path]) -> Iterator[dict[str, Any]]:
    job = json.dumps({name: str(python) for name, python in pythons.items()})
    command = [str(provider), "-m", "benchmarks.failures.matrix", job]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            cell = json.loads(line)
            words = (cell["library"], cell["group"], cell["scenario"], cell["kind"], cell["detail"])
            print(" / ".join(word for word in words if word), file=sys.stderr, flush=True)
            yield cell
    if process.returncode:
        raise SystemExit("the matrix is not whole; the error is printed above")


def _write(run: Mapping[str, Any]) -> None:
    (RESULTS / "failures.json").write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n")
    (RESULTS / "failures.md").write_text(page(run))
    README.write_text(between_markers(README.read_text(), "failures", readme_section(run)))
    print(f"wrote failures.json and failures.md in {RESULTS}, and the table in {README}", file=sys.stderr)


if __name__ == "__main__":
    main()

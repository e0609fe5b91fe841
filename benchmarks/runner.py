"""Alternating rounds: one process for every library, cell and round, so that a disturbance hits all alike."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.libraries import LIBRARIES, Library
from benchmarks.provider import CHECKOUT, Provider
from benchmarks.scenarios.event_loops import NOISE_BEGINS
from benchmarks.scenarios.scenario import Scenario

Record = dict[str, Any]

WORKER_TIMEOUT_SECONDS = 300
FOREIGN_SETTING = re.compile(r"PYTHON\w*|\w+_proxy|(OPENAI|LITELLM|AIOLLM)_\w+", re.IGNORECASE)
ADDRESS = re.compile(r"0x[0-9a-f]+")
FOLDERS = re.compile(r"(?:/[\w.@+-]+)+/")


def run_scenario(
    scenario: Scenario, pythons: Mapping[str, Path], provider: Provider, *, rounds: int, quick: bool
) -> Iterator[Record]:
    """One record per library, cell and round; the order of the libraries is reversed every other round."""
    for cell, thorough in scenario.cells.items():
        parameters = {**thorough, **scenario.quick} if quick else thorough
        able = [name for name in pythons if not scenario.libraries or name in scenario.libraries]
        names = [name for name in able if cell not in scenario.blocking_cells or LIBRARIES[name].blocking]
        for number in range(rounds):
            for name in alternating(names, number):
                job = {"library": name, "scenario": scenario.name, "port": provider.port, "parameters": parameters}
                started = time.monotonic()
                outcome = _run_worker(pythons[name], job, LIBRARIES[name], scenario.interpreter_flags)
                _progress(scenario.name, cell, number, name, outcome, time.monotonic() - started)
                yield {"scenario": scenario.name, "cell": cell, "library": name, "round": number, **outcome}


def alternating(names: Sequence[str], number: int) -> list[str]:
    """The order of a round: every other one is reversed."""
    return list(names) if number % 2 == 0 else list(reversed(names))


def _run_worker(python: Path, job: dict[str, Any], library: Library, flags: Sequence[str]) -> dict[str, Any]:
    return run_worker([str(python), *flags, "-m", "benchmarks.worker", json.dumps(job)], library)


def run_worker(command: list[str], library: Library) -> dict[str, Any]:
    """The last line that a worker printed, as its ``result``, or why there is none as its ``failure``."""
    environ = {name: value for name, value in os.environ.items() if not FOREIGN_SETTING.fullmatch(name)}
    environ |= library.environ
    try:
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=environ,
            capture_output=True,
            text=True,
            timeout=WORKER_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failure": f"not done within {WORKER_TIMEOUT_SECONDS} s"}
    if done.returncode:
        return {"failure": _last_line(done.stderr)}
    result = json.loads(_last_line(done.stdout))
    _, began, noise = done.stderr.partition(NOISE_BEGINS)
    if began:
        result["stderr_lines"] = len(noise.strip().splitlines())
        result["stderr_heads"] = _heads(noise)
    return {"result": result}


def _heads(noise: str) -> list[str]:
    """The telling lines of what was printed, without this machine's folders."""
    telling = [line.strip() for line in noise.splitlines() if re.search(r"Warning:|Error|Unclosed|ignored", line)]
    return sorted({ADDRESS.sub("0x…", FOLDERS.sub("", line))[:120] for line in telling})


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it printed nothing"


def _progress(scenario: str, cell: str, number: int, name: str, outcome: Record, seconds: float) -> None:
    result = outcome.get("result", {})
    shown = " ".join(f"{key}={value:.4g}" for key, value in result.items() if isinstance(value, int | float))
    line = f"{scenario} / {cell} / round {number + 1} / {name}: {shown or outcome.get('failure')} ({seconds:.1f} s)"
    print(line, file=sys.stderr, flush=True)

"""Time and memory of the import, in fresh interpreters, beyond those of a bare one."""

import subprocess
import sys
import time
from statistics import median
from typing import Any

from benchmarks.libraries import Library
from benchmarks.provider import Provider
from benchmarks.scenarios.scenario import Figure, Scenario

# The child reads its own high-water mark: the one its parent is told may be the parent's, from before the exec.
PEAK = "; print(next(l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM')))"


def measure(library: Library, provider: Provider, repeats: int) -> dict[str, Any]:
    """Import the library ``repeats`` times, a bare start beside each."""
    _start(f"import {library.imports}")  # writes the byte code
    pairs = [(_start("pass"), _start(f"import {library.imports}")) for _ in range(repeats)]
    return {
        "wall_ms": median(1e3 * (imported[0] - bare[0]) for bare, imported in pairs),
        "memory_mb": median((imported[1] - bare[1]) / 1024 for bare, imported in pairs),
    }


def _start(statement: str) -> tuple[float, float]:
    """Wall seconds and peak KB of an interpreter that runs ``statement``, isolated from the checkout."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-I", "-c", statement + PEAK], stdout=subprocess.PIPE, text=True, check=True)
    return time.perf_counter() - started, float(done.stdout.split()[-1])


SCENARIO = Scenario(
    name="importing",
    title="Import",
    about="Beyond a bare interpreter. The floor's row is `import aiohttp`.",
    measure=measure,
    cells={"import": {"repeats": 5}},
    quick={"repeats": 3},
    figures=(
        Figure("wall_ms", "wall ms", 0, ratio=True),
        Figure("memory_mb", "MB", 1, ratio=True),
    ),
    rounds=3,
)

"""What a piece of work cost the process that did it, and what the upstream spent meanwhile."""

import gc
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.provider import Provider

PAGE_BYTES = resource.getpagesize()


@dataclass
class Cost:
    """Filled in when the block of :func:`metered` ends."""

    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    upstream_busy: float = 0.0
    upstream_late: float = 0.0

    def cpu_us(self, units: int) -> float:
        """CPU microseconds, user and system, of all threads, for each of ``units``; NaN when there were none."""
        return 1e6 * self.cpu_seconds / units if units else float("nan")

    def upstream(self) -> dict[str, float]:
        """The upstream's figures, to be kept beside the library's."""
        return {"upstream_busy": self.upstream_busy, "upstream_late": self.upstream_late}


@contextmanager
def metered(provider: Provider) -> Iterator[Cost]:
    """Measure the block. Everyone starts with an empty young generation; the collector stays on, as users have it."""
    cost = Cost()
    before = provider.account()
    gc.collect()
    cpu, wall = cpu_seconds(), time.monotonic()
    yield cost
    cost.cpu_seconds, cost.wall_seconds = cpu_seconds() - cpu, time.monotonic() - wall
    after = provider.account()
    spent = {name: after[name] - before[name] for name in before}
    cost.upstream_busy = spent["cpu_seconds"] / spent["at"]
    cost.upstream_late = spent["late_chunks"] / max(spent["chunks"], 1)


def cpu_seconds() -> float:
    """User and system time of this process so far, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_bytes() -> int:
    """The memory this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES

"""What aiollm promises about its speed, and whether a run kept it. No test asserts it: a busy machine would fail it."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.summary import Cell, Summary

Measure = Callable[[Summary], float]


@dataclass(frozen=True)
class Target:
    """A promise with the number that must not be exceeded (or, where ``at_least``, be reached)."""

    text: str
    limit: float
    measure: Measure
    unit: str = "x"
    at_least: bool = False

    @property
    def limit_text(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g} {self.unit}"

    def verdict(self, summary: Summary) -> tuple[str, str]:
        """The measured number and whether it keeps the promise; dashes when the run did not measure it."""
        try:
            value = self.measure(summary)
        except KeyError:
            return "-", "-"
        kept = value >= self.limit if self.at_least else value <= self.limit
        return f"{value:,.3g} {self.unit}" if value < 1_000 else f"{value:,.0f} {self.unit}", "yes" if kept else "no"


def _cell(summary: Summary, scenario: str, cell: str, library: str = "aiollm") -> Cell:
    found = summary.get((scenario, cell, library))
    if found is None:
        raise KeyError(scenario, cell, library)
    return found


def to_floor(scenario: str, cell: str, figure: str) -> Measure:
    """Ours divided by the floor's."""
    return lambda summary: _cell(summary, scenario, cell).ratios[figure]


def of_peer(peer: str, scenario: str, cell: str, figure: str) -> Measure:
    """A peer's figure divided by ours."""
    return lambda summary: (
        _cell(summary, scenario, cell, peer).values[figure] / _cell(summary, scenario, cell).values[figure]
    )


def between(scenario: str, cell: str, other_scenario: str, other_cell: str, figure: str) -> Measure:
    """Ours in one cell divided by ours in another."""
    return lambda summary: (
        _cell(summary, scenario, cell).values[figure] / _cell(summary, other_scenario, other_cell).values[figure]
    )


def value(scenario: str, cell: str, figure: str) -> Measure:
    """Our figure itself."""
    return lambda summary: _cell(summary, scenario, cell).values[figure]


def stopped_within(scenario: str, cell: str) -> Measure:
    """The 99th percentile of the time to stop; endless when a stream did not stop by itself."""

    def measure(summary: Summary) -> float:
        values = _cell(summary, scenario, cell).values
        return values["p99_ms"] if values["at_once"] == values["trials"] else float("inf")

    return measure


TARGETS = (
    Target("CPU per chunk, big reads, to the floor", 1.5, to_floor("saturated", "big reads", "cpu_us")),
    Target("CPU per chunk, chunked, to the floor", 1.5, to_floor("saturated", "chunked", "cpu_us")),
    Target("openai's CPU per chunk, chunked", 20, of_peer("openai", "saturated", "chunked", "cpu_us"), at_least=True),
    Target("litellm's CPU per chunk, chunked", 80, of_peer("litellm", "saturated", "chunked", "cpu_us"), at_least=True),
    Target("CPU per chunk, 1,000 paced streams, to the floor", 1.25, to_floor("paced", "1,000 streams", "cpu_us")),
    Target(
        "openai's CPU, 1,000 paced streams", 4, of_peer("openai", "paced", "1,000 streams", "cpu_us"), at_least=True
    ),
    Target(
        "litellm's CPU, 1,000 paced streams", 15, of_peer("litellm", "paced", "1,000 streams", "cpu_us"), at_least=True
    ),
    Target("added latency p99, 1,000 streams, to the floor", 1.5, to_floor("paced", "1,000 streams", "latency_p99_ms")),
    Target("added latency p99, 2,000 streams, to the floor", 1.5, to_floor("paced", "2,000 streams", "latency_p99_ms")),
    Target("memory, 1,000 streams", 30, value("paced", "1,000 streams", "kb_per_stream"), "KB a stream"),
    Target("memory, 2,000 streams", 30, value("paced", "2,000 streams", "kb_per_stream"), "KB a stream"),
    Target("failures, 1,000 streams", 0, value("paced", "1,000 streams", "failures"), "streams"),
    Target("failures, 2,000 streams", 0, value("paced", "2,000 streams", "failures"), "streams"),
    Target(
        "CPU per chunk, 1,000 streams to 10", 1.2, between("paced", "1,000 streams", "paced", "10 streams", "cpu_us")
    ),
    Target("blocking CPU per chunk to async", 2, between("blocking", "1 thread", "saturated", "chunked", "cpu_us")),
    Target("CPU per whole reply to the floor", 1.5, to_floor("whole_reply", "one after another", "cpu_us")),
    Target("first token, warm, to the floor", 1.5, to_floor("first_token", "warm", "p50_ms")),
    Target("`break` seen upstream, p99", 50, stopped_within("stopping", "`break`"), "ms"),
    Target("`aclose()` seen upstream, p99", 50, stopped_within("stopping", "`aclose()`"), "ms"),
    Target("task cancel seen upstream, p99", 50, stopped_within("stopping", "task cancelled"), "ms"),
    Target("blocking `break` seen upstream, p99", 100, stopped_within("stopping_blocking", "`break`"), "ms"),
    Target("at rest after a storm of 1,000 cancellations", 1, value("cancel_storm", "1,000 streams", "rest_s"), "s"),
    Target("descriptors left by the storm", 0, value("cancel_storm", "1,000 streams", "descriptors"), "descriptors"),
    Target("clocks of 1,000 streams, late p99", 50, value("clock_lateness", "1,000 streams", "late_p99_ms"), "ms"),
    Target("CPU per chunk in a scope to outside", 1.03, value("scoped", "chunked", "ratio")),
    Target("six `asyncio.run`: errors", 0, value("event_loops", "streams", "errors"), "errors"),
    Target("six `asyncio.run`: lines printed", 0, value("event_loops", "streams", "stderr_lines"), "lines"),
    Target("growth over a long stream", 1, value("long_stream", "growth", "growth_mb"), "MB"),
    Target("import time to `import aiohttp`", 1.3, to_floor("importing", "import", "wall_ms")),
    Target("import memory to `import aiohttp`", 1.3, to_floor("importing", "import", "memory_mb")),
)

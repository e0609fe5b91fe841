"""The part of the page that says how we know the upstream was not the bottleneck."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.markdown import table
from benchmarks.summary import Summary

CELLS = {"chunked": "chunked", "length": "big reads"}


def upstream_evidence(ceiling: Mapping[str, Any], summary: Summary) -> Iterator[str]:
    """What raw sockets got from the upstream in the same run, and what it was busy with beside each library."""
    yield "## How we know the upstream was not the bottleneck"
    yield ""
    yield f"It is one process on {ceiling['loop']}. Measured in this run, with raw sockets that read and throw away:"
    yield ""
    yield from _saturated(ceiling["saturated"], summary)
    yield ""
    yield from _paced(ceiling["paced"])
    if rows := _beside_libraries(summary):
        yield ""
        yield "The same beside each library. A chunk is stamped when it is written, so one sent late adds no latency:"
        yield ""
        yield from table(["paced", "library", "upstream's share of a core", "chunks sent over 10 ms late"], rows)


def _saturated(ceilings: Mapping[str, Mapping[str, float]], summary: Summary) -> Iterator[str]:
    head = ["saturated", "chunks a second", "upstream's CPU µs per chunk", "chunks a second of the fastest library"]
    rows = [
        [
            CELLS[framing],
            f"{figures['chunks_per_second']:,.0f}",
            f"{figures['upstream_cpu_us_per_chunk']:.2f}",
            _fastest(summary, CELLS[framing]),
        ]
        for framing, figures in ceilings.items()
    ]
    yield from table(head, rows)


def _fastest(summary: Summary, cell: str) -> str:
    found = (values.values for key, values in summary.items() if key[:2] == ("saturated", cell))
    costs = [values["cpu_us"] for values in found if values]
    return f"{1e6 / min(costs):,.0f}" if costs else "-"


def _paced(ceilings: list[Mapping[str, float]]) -> Iterator[str]:
    head = ["paced", "latency p50 ms", "p99 ms", "upstream's share of a core", "chunks sent over 10 ms late"]
    rows = [
        [
            f"{figures['streams']:,} streams",
            f"{figures['latency_p50_ms']:.2f}",
            f"{figures['latency_p99_ms']:.1f}",
            f"{figures['upstream_busy']:.0%}",
            f"{figures['late_chunks']:.1%}",
        ]
        for figures in ceilings
    ]
    yield from table(head, rows)


def _beside_libraries(summary: Summary) -> list[list[str]]:
    return [
        [cell, library, f"{found.values['upstream_busy']:.0%}", f"{found.values['upstream_late']:.1%}"]
        for (scenario, cell, library), found in summary.items()
        if scenario == "paced" and found.values
    ]

"""The Markdown page of the policies."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import linear_regression, median, quantiles
from typing import Any

from benchmarks.markdown import table
from benchmarks.policies.cases import CASES, STREAMS, WHOLE

MOST_US = 60
"""The promise: what the default stack costs a call at the most, over the bare one, in microseconds of CPU."""

PROMISED = "limited"
CONTROL = "checked"
"""Does for a chunk exactly what the bare call does: its figure for a chunk is the noise."""

KINDS = {"whole": "whole reply", "call": "call of a stream", "chunk": "chunk of a stream"}

Costs = Mapping[str, Mapping[str, Sequence[float]]]
"""By case, and by kind: whole replies, calls and chunks of streams: a figure a round, in microseconds."""


def page(run: Mapping[str, Any]) -> str:
    """The page for a run as ``python -m benchmarks.policies`` wrote it to JSON."""
    costs, over = (_by_case(run["records"], figure) for figure in ("cpu_us", "over_us"))
    lines = [*_setting(run)]
    if PROMISED in over:
        lines += ["", *_promise(over[PROMISED], over[CONTROL])]
    lines += ["", *_table(costs, over), "", *_peer(costs), *_failures(run["records"])]
    return "\n".join(lines).rstrip() + "\n"


def costs_of(cpu_us: Mapping[str, float]) -> dict[str, float]:
    """Tell calls and chunks apart: a line through the costs of streams of several lengths.

    Args:
        cpu_us: what a call costs, by the length of its answer.
    """
    line = linear_regression(STREAMS, [cpu_us[str(length)] for length in STREAMS])
    return {"whole": cpu_us[str(WHOLE)], "call": line.intercept, "chunk": line.slope}


def _by_case(records: Sequence[Mapping[str, Any]], figure: str) -> Costs:
    found: dict[str, dict[str, list[float]]] = {}
    for record in records:
        for case, by_length in record.get("result", {}).get(figure, {}).items():
            for kind, value in costs_of(by_length).items():
                found.setdefault(case, {}).setdefault(kind, []).append(value)
    return found


def _setting(run: Mapping[str, Any]) -> Iterator[str]:
    machine = run["machine"]
    busy = [record["result"]["upstream_busy"] for record in run["records"] if "result" in record]
    yield "# What the policies of a client cost"
    yield ""
    yield f"`{run['command']}` on {run['date']}, {run['minutes']:.0f} minutes."
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']},"
    yield f"{machine['python']}; load average {run['load']['before']} before and {run['load']['after']} after;"
    yield f"upstream's share of a core at most {max(busy, default=0):.0%}."
    yield ""
    yield "Microseconds of CPU, user and system. The calls of a library take short turns in one process, which is made"
    yield "anew for every round; figures are medians over turns and rounds, so that a rare full collection of garbage"
    yield "is left out. Streams have 1, 51 and 501 chunks of text: a line through the three tells what a *call* costs,"
    yield "and what a *chunk*. *Over* is the difference to the bare call of the same turn (for LiteLLM: its Router's to"
    yield "its function's), with the quartiles of the rounds in brackets. On a busy machine everything costs more."
    yield ""
    yield from table(
        ["library", "versions"],
        [[name, ", ".join(map(" ".join, found.items()))] for name, found in run["versions"].items()],
    )


def _promise(over: Mapping[str, Sequence[float]], control: Mapping[str, Sequence[float]]) -> Iterator[str]:
    rows = []
    for kind in ("whole", "call"):
        figure = median(over[kind])
        rows.append([KINDS[kind], f"{figure:.0f} µs", f"≤ {MOST_US} µs", "kept" if figure <= MOST_US else "not kept"])
    low, middle, _ = _quartiles(over["chunk"])
    noise = _quartiles(control["chunk"])[2]
    verdict = "within the noise" if low <= noise else "not kept"
    rows.append([KINDS["chunk"], f"{middle:+.2f} µs", f"nothing (noise: {noise:.2f} µs)", verdict])
    yield f"The promise is about {CASES[PROMISED].title}. The noise is the upper quartile of the row below the bare"
    yield "call, which does the same for a chunk as the bare call. `tests/test_stack.py` proves by counting that no"
    yield "policy but single flight runs any code for a chunk."
    yield ""
    yield from table(["", "over the bare call", "promise", "verdict"], rows)


def _table(costs: Costs, over: Costs) -> Iterator[str]:
    head = ["", *(cell for kind in KINDS.values() for cell in (kind, "over"))]
    yield from table(head, [[case.title, *_cells(costs.get(name), over.get(name))] for name, case in CASES.items()])


def _cells(costs: Mapping[str, Sequence[float]] | None, over: Mapping[str, Sequence[float]] | None) -> Iterator[str]:
    for kind in KINDS:
        digits = 2 if kind == "chunk" else 0
        yield f"{median(costs[kind]):,.{digits}f}" if costs else "-"
        if over is None:
            yield "-"
            continue
        low, middle, high = _quartiles(over[kind])
        yield f"{middle:+,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def _peer(costs: Costs) -> Iterator[str]:
    pairs = (("default", "litellm"), ("router", "litellm_router"))
    rows = []
    for ours, theirs in pairs:
        if ours in costs and theirs in costs:
            times = [f"{median(costs[theirs][kind]) / median(costs[ours][kind]):.0f}" for kind in KINDS]
            rows.append([f"{CASES[theirs].title} to {CASES[ours].title}", *times])
    if rows:
        yield from table(["times ours", *KINDS.values()], rows)


def _failures(records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    failed = {(record["library"], record["failure"]) for record in records if "failure" in record}
    if failed:
        yield from ("", "## Measurements that failed", "")
        yield from table(["library", "last line printed"], sorted(failed))

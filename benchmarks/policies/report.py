"""The Markdown page of the policies."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import linear_regression, median, quantiles
from typing import Any

from benchmarks.markdown import table
from benchmarks.policies.cases import BARE, CASES, STREAMS, WHOLE

MOST_US = 60
"""The promise: what the default stack costs a call at the most, over the bare one, in microseconds of CPU."""

PROMISED = "limited"

KINDS = {"whole": "whole reply", "call": "call of a stream", "chunk": "chunk of a stream"}

Kinds = Mapping[str, Sequence[float]]
"""By kind, whole replies, calls and chunks of streams: a figure a round, in microseconds."""

Costs = Mapping[str, Kinds]
"""The same by case."""


def page(run: Mapping[str, Any]) -> str:
    """The page for a run as ``python -m benchmarks.policies`` wrote it to JSON."""
    costs, over, over_engine = (_by_case(run["records"], name) for name in ("cpu_us", "over_us", "over_engine_us"))
    lines = [*_setting(run)]
    if PROMISED in over:
        lines += ["", *_promise(over[PROMISED], over_engine[PROMISED], over[BARE])]
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
    yield "anew for every round; figures are medians over calls, turns and rounds, so that a rare full collection of"
    yield "garbage is left out. Streams have 1, 51 and 501 chunks of text: a line through the three tells what a *call*"
    yield "costs, and what a *chunk*. *Over* is the difference to the bare client call of the same turn (of that call"
    yield "itself, to the engine; of LiteLLM's Router, to its function), with the quartiles of the rounds in brackets."
    yield "On a busy machine everything costs more."
    yield ""
    yield from table(
        ["library", "versions"],
        [[name, ", ".join(map(" ".join, found.items()))] for name, found in run["versions"].items()],
    )


def _promise(over: Kinds, over_engine: Kinds, control: Kinds) -> Iterator[str]:
    rows = []
    for kind in ("whole", "call"):
        figure, all_of_it = median(over[kind]), f"{median(over_engine[kind]):.0f} µs"
        verdict = "kept" if figure <= MOST_US else "not kept"
        rows.append([KINDS[kind], f"{figure:.0f} µs", f"≤ {MOST_US} µs", verdict, all_of_it])
    low, middle, _ = _quartiles(over["chunk"])
    noise = _quartiles(control["chunk"])[2]
    verdict = "within the noise" if low <= noise else "not kept"
    all_of_it = f"{median(over_engine['chunk']):+.2f} µs"
    rows.append([KINDS["chunk"], f"{middle:+.2f} µs", f"nothing (noise: {noise:.2f} µs)", verdict, all_of_it])
    yield f"The promise is about {CASES[PROMISED].title}: what these cost over the same call of a client without"
    yield "them. The last column has what that call costs besides, its arguments checked and its target found. The"
    yield "noise is the upper quartile of the bare client call's chunks over the engine's, for which the same is done."
    yield "`tests/test_stack.py` proves by counting that no policy but single flight runs any code for a chunk."
    yield ""
    yield from table(["", "over the bare client call", "promise", "verdict", "over the engine"], rows)


def _table(costs: Costs, over: Costs) -> Iterator[str]:
    head = ["", *(cell for kind in KINDS.values() for cell in (kind, "over"))]
    yield from table(head, [[case.title, *_cells(costs.get(name), over.get(name))] for name, case in CASES.items()])


def _cells(costs: Kinds | None, over: Kinds | None) -> Iterator[str]:
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

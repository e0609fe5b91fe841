"""The page of a run: ``python -m benchmarks.proxy.report RESULTS.json PAGE.md``."""

import json
import sys
from collections.abc import Iterator, Mapping
from math import isnan
from pathlib import Path
from typing import Any

from benchmarks.markdown import table
from benchmarks.proxy.gateways import DIRECT, GATEWAYS, LITELLM, OURS, RELAY
from benchmarks.proxy.promises import PROMISES, Promise
from benchmarks.proxy.summary import Figures, Spread, figures_of, middle, over, times

PICTURE = "proxy.png"


def page(run: Mapping[str, Any]) -> str:
    """The page for a run as ``python -m benchmarks.proxy`` wrote it to JSON."""
    found = figures_of(run["records"])
    lines = [*_setting(run), "", *_costs(run, found), "", *_delays(run, found)]
    if OURS in found:
        lines += ["", *_promises(found)]
    return "\n".join([*lines, *_failures(run["records"])]).rstrip() + "\n"


def _setting(run: Mapping[str, Any]) -> Iterator[str]:
    machine = run["machine"]
    number = 1 + max(record["round"] for record in run["records"])
    rounds = "1 round" if number == 1 else f"{number} rounds"
    yield "# What a gateway costs"
    yield ""
    yield f"`{run['command']}` on {run['date']}, {rounds}, {run['minutes']:.0f} minutes."
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']},"
    yield f"{machine['python']}; load average {run['load']['before']} before and {run['load']['after']} after."
    yield ""
    yield from run["method"]
    yield ""
    rows = [
        [name, GATEWAYS[name].about, ", ".join(map(" ".join, run["versions"][name].items()))]
        for name in run["gateways"]
    ]
    yield from table(["gateway", "what is on", "versions"], rows)
    yield ""
    yield f"![Processor time of each gateway]({PICTURE})"


def _costs(run: Mapping[str, Any], found: Mapping[str, Figures]) -> Iterator[str]:
    """The table of what is spent."""
    yield "## Processor time and memory"
    yield ""
    head = [
        "gateway",
        "request, µs",
        "requests a second",
        "paced frame, 32 streams, µs",
        "paced frame, 256 streams, µs",
        "blast frame, µs",
        "memory idle, MB",
        "with 256 streams, MB",
        "first answer after, s",
    ]
    figures = (
        ("whole.cpu_us", 0),
        ("whole.per_second", 0),
        ("paced32.cpu_us", 1),
        ("paced256.cpu_us", 1),
        ("blast.cpu_us", 2),
        ("start.idle_megabytes", 0),
        ("paced256.megabytes", 0),
        ("start.seconds", 2),
    )
    rows = [
        [name, *(_number(middle(found.get(name, {}), figure), digits) for figure, digits in figures)]
        for name in run["gateways"]
    ]
    yield from table(head, rows)
    yield ""
    yield "A request is a whole answer of 180 characters to one of 16 callers; a frame of a stream is 300 bytes. Paced"
    yield "streams have 20 frames a second, so that each is a read, a wake-up and a write of its own; of the blast the"
    yield "upstream writes 5,000 at once. What opens a stream is not in a paced frame."


def _delays(run: Mapping[str, Any], found: Mapping[str, Figures]) -> Iterator[str]:
    """The table of what is added to the time that an answer takes."""
    direct = found.get(DIRECT, {})
    yield "## Time"
    yield ""
    head = [
        "gateway",
        "added to a request, ms",
        "added to the first token, ms",
        "after a rest of 50 ms",
        "a frame later than written, 256 streams, ms",
        "99th percentile, ms",
        "largest gap above the upstream's, ms",
        "frames that came",
    ]
    rows = []
    for name in [DIRECT, *run["gateways"]]:
        figures = found.get(name, {})
        added = [over(figures, direct, f"{case}.p50_ms") for case in ("single", "first", "rested")]
        paced = [middle(figures, f"paced256.{figure}") for figure in ("late_p50_ms", "late_p99_ms", "gap_ms")]
        shown = [_number(value, 2) for value in added] if name != DIRECT else ["-", "-", "-"]
        share = middle(figures, "paced256.share")
        rows.append(
            [name, *shown, *(_number(value, 1) for value in paced), "-" if share is None else f"{share.median:.0%}"]
        )
    yield from table(head, rows)
    yield ""
    took = [_number(middle(direct, f"{case}.p50_ms"), 2) for case in ("single", "first", "rested")]
    yield f"Without a gateway a request takes {took[0]} ms, and the first token {took[1]} ms, or {took[2]} ms after"
    yield "a rest; the load and the upstream, on one core, are the most of it, and the row *direct* is what they add by"
    yield "themselves. The largest gap is that of a turn. One caller asks for a request or a first token, and again as"
    yield "soon as the answer has ended. Where it rests before, the processors have gone to sleep, and all of the way"
    yield "is slower; the relay's row tells by how much."


def _promises(found: Mapping[str, Figures]) -> Iterator[str]:
    yield "## The promises"
    yield ""
    rows = [_promised(promise, found) for promise in PROMISES]
    yield from table(["", "measured", "promised", "verdict"], [row for row in rows if row])


def _promised(promise: Promise, found: Mapping[str, Figures]) -> list[str]:
    """The row of a promise; none where it was not measured."""
    ours, others = found[OURS], found.get(promise.beside or OURS, {})
    if promise.beside is None:
        value = middle(ours, promise.figure)
    elif promise.beside == DIRECT:
        value = over(ours, others, promise.figure)
    elif promise.beside == RELAY:
        value = times(ours, others, promise.figure)
    else:
        value = times(others, ours, promise.figure)
    if value is None:
        return []
    kept = value.median >= promise.bound if promise.beside == LITELLM else value.median <= promise.bound
    sign = "≥" if promise.beside == LITELLM else "≤"
    bound = f"{promise.bound:,.{promise.digits}f}"
    measured, promised = (f"{number} {promise.unit}" for number in (value.shown(promise.digits), f"{sign} {bound}"))
    return [promise.title, measured, promised, "kept" if kept else "not kept"]


def _failures(records: list[Mapping[str, Any]]) -> Iterator[str]:
    failed = {(record["gateway"], "start", record["failure"]) for record in records if "failure" in record}
    for record in records:
        for case, result in record.get("result", {}).items():
            if "failure" in result:
                failed.add((record["gateway"], case, result["failure"]))
    if failed:
        yield from ("", "## What failed", "")
        yield from table(["gateway", "case", "what it said"], sorted(failed))


def _number(value: Spread | None, digits: int) -> str:
    return "-" if value is None or isnan(value.median) else value.shown(digits)


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(page(json.loads(Path(sys.argv[1]).read_text())))

"""The Markdown page of the fan-out."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.fanout.cases import CASES, CONTENDERS, PEER_REQUESTS, QUICK_SHARE, Case
from benchmarks.fanout.figures import Records, figures_of, times_ours
from benchmarks.markdown import table

PICTURE = "fanout.png"
MOST_CPU, LEAST_OPENAI, LEAST_LITELLM, LEAST_SPEED = 1.5, 5, 15, 0.9
"""The promises: our CPU to the floor's and theirs to ours, streaming; our requests a second to the floor's."""


def page(run: Mapping[str, Any]) -> str:
    """The page for a run as ``python -m benchmarks.fanout`` wrote it to JSON."""
    lines = [*_setting(run), "", *_promises(run["records"])]
    for name, case in CASES.items():
        lines += ["", *_case(run["records"], name, case)]
    lines += _failures(run["records"])
    return "\n".join(lines) + "\n"


def _setting(run: Mapping[str, Any]) -> Iterator[str]:
    machine = run["machine"]
    yield "# Many requests"
    yield ""
    yield f"`{run['command']}` on {run['date']}, {run['rounds']} rounds, {run['minutes']:.0f} minutes."
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']},"
    yield f"{machine['python']}; load average {run['load']['before']} before and {run['load']['after']} after."
    yield ""
    yield "Each measurement is a process of its own. CPU is user and system time of all its threads. Figures are"
    yield "medians over rounds, and *to the floor* is the median of the ratios to the floor of the same round: on a"
    yield f"busy machine trust these. Of the short requests peers ask {PEER_REQUESTS:,}, the floor and aiollm 10,000;"
    if run["quick"]:
        yield f"this run was quick, and asked one in {QUICK_SHARE} of these, and of the peers' streams."
    yield "Every answer is read, and counted. The floor's gather knows no errors, retries, limits or costs."
    yield ""
    yield from table(
        ["library", "versions"],
        [[name, ", ".join(map(" ".join, found.items()))] for name, found in run["versions"].items()],
    )
    yield ""
    yield f"![CPU and requests a second]({PICTURE})"


def _promises(records: Records) -> Iterator[str]:
    ours = {case: figures_of(records, case, "aiollm") for case in CASES}
    streams, capacity, short = (ours[case] for case in ("streams", "capacity", "short"))
    rows = [
        _most("streams: CPU to the floor", streams and streams.cpu_to_floor, MOST_CPU),
        _least("streams: openai's CPU to ours", times_ours(records, "streams", "openai"), LEAST_OPENAI),
        _least("streams: litellm's CPU to ours", times_ours(records, "streams", "litellm"), LEAST_LITELLM),
        _least("at the provider's capacity: speed to the floor", capacity and capacity.speed_to_floor, LEAST_SPEED),
        _least("as fast as they may: speed to the floor", short and short.speed_to_floor, LEAST_SPEED),
    ]
    yield from table(["promise", "measured", "limit", "kept"], rows)


def _most(text: str, value: float | None, limit: float) -> list[str]:
    return [text, _ratio(value), f"≤ {limit:g}", "-" if value is None else "yes" if value <= limit else "no"]


def _least(text: str, value: float | None, limit: float) -> list[str]:
    return [text, _ratio(value), f"≥ {limit:g}", "-" if value is None else "yes" if value >= limit else "no"]


def _case(records: Records, name: str, case: Case) -> Iterator[str]:
    yield f"## {case.title}"
    yield ""
    unit = "chunk" if case.stream else "request"
    rows = []
    for contender, way in CONTENDERS.items():
        found = figures_of(records, name, contender)
        if found is not None:
            speed = f"{found.per_second:,.0f}"
            cpu = [f"{found.cpu_us:,.0f}", _ratio(found.cpu_to_floor)]
            rows.append([way.title, *cpu, speed, _ratio(found.speed_to_floor), f"{found.growth_mb:,.0f}"])
    head = ["", f"CPU µs a {unit}", "to the floor", "requests a second", "to the floor", "grew by, MB"]
    yield from table(head, rows)


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _failures(records: Records) -> list[str]:
    failed = {(record["case"], record["contender"], record["failure"]) for record in records if "failure" in record}
    if not failed:
        return []
    return ["", "## Measurements that failed", "", *table(["case", "contender", "last line printed"], sorted(failed))]

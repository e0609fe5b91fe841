"""The Markdown page of the dialects."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.dialects.sdks import OURS, SDKS
from benchmarks.markdown import table
from benchmarks.medians import medians

TIMES = 4
"""What an SDK costs at least, in chunks of ours."""


def page(run: Mapping[str, Any]) -> str:
    """The page for a run as ``python -m benchmarks.dialects`` wrote it to JSON."""
    head = [
        "wire format",
        "aiollm, µs",
        "its SDK",
        "µs",
        "times ours",
        f"at least {TIMES}",
        "upstream's share of a core",
    ]
    return "\n".join([*_setting(run), "", *table(head, list(_rows(run))), *_failures(run["records"]), ""])


def _setting(run: Mapping[str, Any]) -> Iterator[str]:
    machine = run["machine"]
    yield "# What a chunk costs in each wire format"
    yield ""
    yield f"`{run['command']}` on {run['date']}, {run['minutes']:.0f} minutes."
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']},"
    yield f"{machine['python']}; load average {run['load']['before']} before and {run['load']['after']} after."
    yield ""
    yield "Microseconds of CPU per streamed chunk of text, user and system, when the upstream is always ahead and each"
    yield "event is an HTTP chunk: medians over the rounds. *Times ours* is the median of the ratios of the same round,"
    yield "with the least and the most in brackets: on a busy machine trust these, and not the times. Both read the"
    yield "same bytes from the same upstream, each in a process and an environment of its own. An SDK gives its own"
    yield "events, as its pages read them; aiollm gives OpenAI's chunks in every row."
    yield ""
    yield from table(["library", "versions"], [[name, _versions(found)] for name, found in run["versions"].items()])


def _rows(run: Mapping[str, Any]) -> Iterator[list[str]]:
    for dialect in run["dialects"]:
        ours, theirs = (_by_round(run["records"], dialect, name) for name in (OURS.name, SDKS[dialect].name))
        times = [theirs[number]["cpu_us"] / ours[number]["cpu_us"] for number in ours if number in theirs]
        if not times:
            yield [dialect, "failed", SDKS[dialect].name, "-", "-", "-", "-"]
            continue
        busy = max(result["upstream_busy"] for result in (*ours.values(), *theirs.values()))
        yield [
            dialect,
            f"{medians(ours.values())['cpu_us']:.1f}",
            SDKS[dialect].name,
            f"{medians(theirs.values())['cpu_us']:.1f}",
            f"{median(times):.1f} ({min(times):.1f} to {max(times):.1f})",
            "yes" if median(times) >= TIMES else "no",
            f"{busy:.0%}",
        ]


def _by_round(records: Sequence[Mapping[str, Any]], dialect: str, library: str) -> dict[int, dict[str, float]]:
    return {
        record["round"]: record["result"]
        for record in records
        if "result" in record and (record["dialect"], record["library"]) == (dialect, library)
    }


def _versions(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _failures(records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    failed = {(record["dialect"], record["library"], record["failure"]) for record in records if "failure" in record}
    if failed:
        yield from ("", "## Measurements that failed", "")
        yield from table(["wire format", "library", "last line printed"], sorted(failed))

"""The page of a run: ``python -m benchmarks.limits.report RESULTS.json PAGE.md``."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.limits.cases import CASES, CONCURRENCY, TENANTS
from benchmarks.markdown import table

LEAST_SERVED, MOST_REFUSED = 0.9, 0.03
"""The promise: within a tenth of the limit, and fewer than 3 in 100 requests refused."""

PICTURE = "limits.png"


def page(run: Mapping[str, Any]) -> str:
    """The page for a run as ``python -m benchmarks.limits`` wrote it to JSON."""
    head = [
        "the provider's limit",
        "served, of what it allows",
        "requests refused",
        "calls failed",
        "fewest to most answers a tenant",
        "longest call, s",
        "promise",
    ]
    rows = [_row(record) for record in run["records"]]
    return "\n".join([*_setting(run), "", *table(head, rows), ""])


def _setting(run: Mapping[str, Any]) -> Iterator[str]:
    machine, callers = run["machine"], ", ".join(str(number) for number in TENANTS.values())
    yield "# A load against limits that nobody tells"
    yield ""
    yield f"`{run['command']}` on {run['date']}, {run['seconds']:g} s a case, all at the same time."
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']},"
    yield f"{machine['python']}; load average {run['load']['before']} before and {run['load']['after']} after."
    yield ""
    yield f"Five tenants call as fast as they may, {callers} at a time, through one `Client`, whose"
    yield f"`Limiter(concurrency={CONCURRENCY})` knows no rate. The provider is `aiollm.testing.ProviderServer` with a"
    yield "hidden limit, and answers 429 beyond it, with `Retry-After` or without; answers take 0.1 to 0.3 s."
    yield "Everything counts, the finding out too. The last case has no limiter, and the retries of the client alone."
    yield ""
    yield f"The promise: at least {LEAST_SERVED:.0%} of what the limit allows, fewer than {MOST_REFUSED:.0%} of the"
    yield "requests refused, no call failed, and no tenant with less than half of an equal share."
    yield ""
    yield f"![Requests served and refused, by second]({PICTURE})"


def _row(record: Mapping[str, Any]) -> list[str]:
    case = CASES[record["case"]]
    served = record["served"] / case.allowed(record["seconds"])
    refused = record["refused"] / (record["served"] + record["refused"])
    answered = [tenant["answered"] for tenant in record["tenants"].values()]
    alike = min(answered) >= sum(answered) / len(answered) / 2
    kept = served >= LEAST_SERVED and refused < MOST_REFUSED and not record["failed"] and alike
    return [
        case.title,
        f"{served:.1%}",
        f"{refused:.2%}",
        f"{record['failed']:,}",
        f"{min(answered):,} to {max(answered):,}",
        f"{max(tenant['longest'] for tenant in record['tenants'].values()):.1f}",
        ("kept" if kept else "not kept") if case.limiter else "none",
    ]


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(page(json.loads(Path(sys.argv[1]).read_text())))

"""``python -m benchmarks.failoverbench.report FOLDER``: the suite's results as our page and its JSON.

FOLDER holds what the suite has written: a file a system. What the page says beside the tables is written by hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.failures.report import between_markers
from benchmarks.machine import describe_machine
from benchmarks.markdown import table

RESULTS = Path(__file__).parents[1] / "results"
SYSTEMS = (
    "aiollm-router",
    "aiollm-router-restart",
    "aiollm-router-continue",
    "aiollm-router-tuned",
    "aiollm-proxy",
    "aiollm-proxy-continue",
    "aiollm-proxy-tuned",
    "litellm-router",
    "litellm-router-midstream",
    "litellm-proxy",
    "langchain",
    "openai-python",
    "reference",
)
VERDICTS = ("pass", "partial", "safe", "fail")
KEPT = ("outcome", "elapsed_s", "ttft_s", "reported_model", "usage", "error", "alive_after", "wall_actions")
"""Of what the suite measures of a scenario: what its verdict can be checked by."""


def main() -> None:
    """Write both files."""
    folder = Path(sys.argv[1])
    runs = [_shortened(json.loads((folder / f"{name}.json").read_text())) for name in SYSTEMS]
    kept = {"machine": describe_machine(), "systems": runs}
    (RESULTS / "failoverbench.json").write_text(json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + "\n")
    page = RESULTS / "failoverbench.md"
    page.write_text(between_markers(page.read_text(), "verdicts", ["", *_verdicts(runs), "", *_sums(runs), ""]))


def _shortened(run: dict[str, Any]) -> dict[str, Any]:
    scenarios = [
        {
            **{name: scenario[name] for name in ("id", "title", "verdict", "reason")},
            "checks": {check["id"]: f"{check['status']}: {check['detail']}" for check in scenario["checks"]},
            **{name: scenario["metrics"][name] for name in KEPT},
        }
        for scenario in run["scenarios"]
    ]
    return {name: value for name, value in run.items() if name not in ("wall", "scenarios")} | {"scenarios": scenarios}


def _verdicts(runs: Sequence[dict[str, Any]]) -> Iterator[str]:
    rows = [
        [f"{first['id']} {first['title']}", *(run["scenarios"][place]["verdict"] for run in runs)]
        for place, first in enumerate(runs[0]["scenarios"])
    ]
    return table(("", *(run["system"]["name"] for run in runs)), rows)


def _sums(runs: Sequence[dict[str, Any]]) -> Iterator[str]:
    rows = [
        [run["system"]["name"], *(str(run["summary"][verdict]) for verdict in VERDICTS), run["run_started_at"][:16]]
        for run in runs
    ]
    return table(("", *VERDICTS, "ended (UTC)"), rows)


if __name__ == "__main__":
    main()

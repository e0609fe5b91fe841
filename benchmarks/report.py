"""The Markdown page of a run."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.evidence import upstream_evidence
from benchmarks.markdown import table
from benchmarks.scenarios import SCENARIOS
from benchmarks.scenarios.scenario import Figure, Scenario
from benchmarks.summary import Cell, Summary, summarise
from benchmarks.targets import TARGETS


def render(run: Mapping[str, Any], plot: str | None) -> str:
    """The page for a run as ``python -m benchmarks`` wrote it to JSON; ``plot`` is the picture's file name."""
    summary = summarise(run["records"])
    parts = ["# Results", "", *_setting(run)]
    if plot:
        parts += ["", f"![CPU per chunk and time to stop, by library]({plot})"]
    parts += _targets(summary)
    for name in run["scenarios"]:
        parts += ["", *_scenario(SCENARIOS[name], run["libraries"], summary)]
    parts += ["", *upstream_evidence(run["ceiling"], summary), *_failures(summary)]
    return "\n".join(parts).rstrip() + "\n"


def _setting(run: Mapping[str, Any]) -> Iterator[str]:
    machine = run["machine"]
    yield f"`{run['command']}` on {run['date']}, {run['minutes']:.0f} minutes."
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']},"
    yield f"{machine['python']}; load average {run['load']['before']} before and {run['load']['after']} after."
    yield "Figures are medians over rounds; (x2.00) is the median of the ratios to the floor of the same round."
    yield "How they are made is in [the benchmarks' own page](../README.md)."
    yield ""
    yield from table(
        ["library", "versions"],
        [[name, ", ".join(map(" ".join, run["versions"][name].items()))] for name in run["libraries"]],
    )


def _targets(summary: Summary) -> Iterator[str]:
    rows = [[target.text, target.limit_text, *target.verdict(summary)] for target in TARGETS]
    rows = [row for row in rows if row[2] != "-"]
    if rows:
        yield ""
        yield "## What aiollm promises"
        yield ""
        yield from table(["promise", "limit", "measured", "kept"], rows)


def _scenario(scenario: Scenario, libraries: Sequence[str], summary: Summary) -> Iterator[str]:
    yield f"## {scenario.title}"
    yield ""
    yield scenario.about
    if len(scenario.figures) == 1:
        yield ""
        figure = scenario.figures[0]
        columns = [(cell, cell, figure) for cell in scenario.cells]
        yield from _table(scenario, libraries, summary, columns, f"library ({figure.title})")
        return
    for cell in scenario.cells:
        yield ""
        columns = [(figure.title, cell, figure) for figure in scenario.figures]
        yield from _table(scenario, libraries, summary, columns, cell)


def _table(
    scenario: Scenario,
    libraries: Sequence[str],
    summary: Summary,
    columns: Sequence[tuple[str, str, Figure]],
    corner: str,
) -> Iterator[str]:
    rows = []
    for library in libraries:
        cells = [summary.get((scenario.name, cell, library)) for _, cell, _ in columns]
        if any(cells):
            rows.append([library, *(_shown(cell, figure) for cell, (_, _, figure) in zip(cells, columns, strict=True))])
    yield from table([corner, *(title for title, _, _ in columns)], rows)


def _shown(cell: Cell | None, figure: Figure) -> str:
    if cell is None:
        return "-"
    if not cell.values:
        return "failed"
    if figure.show:
        return figure.show(cell.values)
    if figure.key not in cell.values:
        return "-"
    value = f"{cell.values[figure.key] + 0.0:,.{figure.digits}f}"
    ratio = cell.ratios.get(figure.key) if figure.ratio else None
    return value if ratio is None else f"{value} (x{ratio:,.{2 if ratio < 10 else 0}f})"


def _failures(summary: Summary) -> Iterator[str]:
    rows = [[*key, failure] for key, cell in summary.items() for failure in sorted(set(cell.failures))]
    if rows:
        yield ""
        yield "## Measurements that failed"
        yield ""
        yield from table(["scenario", "cell", "library", "last line printed"], rows)

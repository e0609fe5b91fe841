"""The matrix as Markdown: whole on its page, and in the README what the libraries differ in."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

from benchmarks.failures.clients import BOUND, DEADLINE, SOON, WAIT
from benchmarks.failures.peers import PEERS
from benchmarks.markdown import table

Cell = Mapping[str, Any]
Rows = dict[tuple[str, str], dict[str, Cell]]
"""By group and scenario: the cell of each library."""

LEGEND = (
    "✓: the right text, or an error of a class the library documents. *silent*: wrong, and reported as success. "
    "*fails*: the answer was right and an error came. *raw*: an error of another kind than those documented. "
    f"*hangs*: still waiting after {BOUND:g} s, with clocks of {WAIT:g} s for each wait and {DEADLINE:g} s for the "
    f"whole call, where a library has them. *upstream goes on*: still sending {SOON:g} s after the reader left. "
    "*… MB*: what the process grew by. A cell that is not ✓ was looked at twice."
)
WIDTH = 120


def rows_of(run: Mapping[str, Any]) -> Rows:
    """The cells of a run, by row."""
    rows: Rows = {}
    for cell in run["cells"]:
        rows.setdefault((cell["group"], cell["scenario"]), {})[cell["library"]] = cell
    return rows


def page(run: Mapping[str, Any]) -> str:
    """The page of a run: versions, every cell, and what was raised."""
    rows = rows_of(run)
    libraries = list(run["versions"])
    return "\n".join(
        [
            "# The failure matrix",
            "",
            f"`{run['command']}` on {run['date']}, {run['minutes']:.0f} minutes.",
            f"{run['machine']['processor']}, {run['machine']['cores']} cores, {run['machine']['system']},",
            f"{run['machine']['python']}. Every cell is in [failures.json](failures.json), with the error's words.",
            "",
            *table(("library", "versions"), [(name, _versions(found)) for name, found in run["versions"].items()]),
            "",
            fill(LEGEND, WIDTH),
            *_groups(rows, libraries),
            "",
            *table(("", *libraries), [("right", *_tally(rows, libraries))]),
            "",
        ]
    )


def readme_section(run: Mapping[str, Any]) -> list[str]:
    """The lines of the README's table: the rows in which a library is not right, and the names of the others."""
    rows = rows_of(run)
    libraries = list(run["versions"])
    differ = {row: cells for row, cells in rows.items() if any(cell["kind"] != "right" for cell in cells.values())}
    same = [scenario for group, scenario in rows if (group, scenario) not in differ]
    lines = [[scenario, *(_mark(cells[name]) for name in libraries)] for (_, scenario), cells in differ.items()]
    lines.append([f"right, of {len(rows)}", *_tally(rows, libraries)])
    heads = [f"{name} {run['versions'][name][PEERS[name].distributions[0]]}" for name in libraries]
    return [
        *table(("", *heads), lines),
        "",
        fill(LEGEND, WIDTH),
        "",
        fill(f"All were right, on {run['date'].partition(' ')[0]}, on: {'; '.join(same)}.", WIDTH),
    ]


def between_markers(text: str, name: str, lines: Sequence[str]) -> str:
    """The text with these lines between ``<!-- name -->`` and ``<!-- /name -->``."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"the page has no {begin} ... {end}")
    return "\n".join([before + begin, *lines, end + after])


def _groups(rows: Rows, libraries: Sequence[str]) -> Iterator[str]:
    for group in dict.fromkeys(group for group, _ in rows):
        yield from ("", f"## {group}", "")
        lines = [
            [scenario, *(_mark_with_error(cells[name]) for name in libraries)]
            for (of, scenario), cells in rows.items()
            if of == group
        ]
        yield from table(("", *libraries), lines)


def _tally(rows: Rows, libraries: Sequence[str]) -> list[str]:
    return [str(sum(cells[name]["kind"] == "right" for cells in rows.values())) for name in libraries]


def _mark(cell: Cell) -> str:
    match cell["kind"]:
        case "right":
            return "✓"
        case "fails" | "raw" as kind:
            return f"{kind}: `{cell['detail']}`"
        case "wrong":
            return str(cell["detail"])
        case kind:
            return str(kind)


def _mark_with_error(cell: Cell) -> str:
    mark, error = _mark(cell), cell["seen"]["error"]
    return f"{mark} `{error}`" if error and error not in mark else mark


def _versions(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())

"""Markdown tables."""

from collections.abc import Iterator, Sequence

Row = Sequence[str]
FIGURE_STARTS = frozenset("0123456789-")


def table(head: Row, rows: Sequence[Row]) -> Iterator[str]:
    """The lines of a table; a column that holds figures only is aligned to the right."""
    numeric = [all(row[column][:1] in FIGURE_STARTS for row in rows) for column in range(len(head))]
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join("---:" if right else "---" for right in numeric) + "|"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"

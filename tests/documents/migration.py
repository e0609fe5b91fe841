"""The tables of `docs/migration.md`: `python3 -m tests.documents.migration` writes them anew.

It needs aiollm's own environment: `python3 -m tests` makes one.
"""

from __future__ import annotations

from typing import get_args

from aiollm.compat.litellm.differences import Difference, Section, differences
from aiollm.router_arguments.not_here import NOT_HERE
from benchmarks.failures.report import between_markers
from benchmarks.markdown import table
from tests import ROOT

PAGE = ROOT / "docs" / "migration.md"
WORDS = {"differs": "differs", "idle": "no effect", "missing": "not there"}


def page_with_tables(page: str) -> str:
    """Return the page with the tables that the differences make."""
    for section in get_args(Section):
        page = between_markers(page, section, section_lines(section))
    return page


def section_lines(section: Section) -> list[str]:
    """What means the same in a sentence, and the rest in a table."""
    rows = dict(differences(section))
    if section == "router":
        rows |= {name: Difference("missing", why) for name, why in NOT_HERE.items() if name not in rows}
    same = [f"`{name}`" for name, row in rows.items() if row.kind == "same"]
    others = [
        (f"`{name}`", WORDS[row.kind], row.note) for kind in WORDS for name, row in rows.items() if row.kind == kind
    ]
    words = [f"The same: {', '.join(same)}.", ""] if same else []
    return [*words, *table(("name", "here", "what to know"), others)]


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text("utf-8")), "utf-8")

"""The catalogue as a process reads it, made of the one that people write: `python3 -m tests.providers.catalog`.

It needs aiollm's own environment: `python3 -m tests` makes one.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from aiollm import providers as rooms
from aiollm.providers.catalog import read_rows

WRITTEN = Path(rooms.__file__).with_name("catalog.toml")
READ = Path(rooms.__file__).with_name("catalog.json")


def spelled_out(text: str) -> dict[str, dict[str, Any]]:
    """The rows of a TOML document, one table a provider, each with all its members.

    What rows have in common may be said once there: `same_as` names the row of which this is a second name,
    `refuses_as` one whose `unsupported` holds besides the table's own.
    """
    rows = tomllib.loads(text)
    return {name: _whole(row, rows) for name, row in rows.items()}


def _whole(table: dict[str, Any], rows: dict[str, Any]) -> dict[str, Any]:
    whole = dict(rows[table["same_as"]] if "same_as" in table else table)
    if "refuses_as" in whole:
        whole["unsupported"] = [*rows[whole.pop("refuses_as")]["unsupported"], *whole.get("unsupported", ())]
    if "models" in whole:
        whole["models"] = {pattern: _whole(changes, rows) for pattern, changes in whole["models"].items()}
    return whole


def as_json(rows: dict[str, dict[str, Any]]) -> str:
    """A line a row, so that a change is seen in its place."""
    lines = (f"{json.dumps(name)}: {json.dumps(row, ensure_ascii=False)}" for name, row in rows.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    found = spelled_out(WRITTEN.read_text("utf-8"))
    read_rows(found)  # refuses what is wrong
    READ.write_text(as_json(found), "utf-8")

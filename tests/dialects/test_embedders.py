from __future__ import annotations

from aiollm.dialects.embedders import EMBEDDERS
from aiollm.providers import providers


def test_the_table_has_every_format_that_a_row_names_and_no_other() -> None:
    rows = [*providers().values()]
    named = {row.embedding for row in rows} | {
        members.get("embedding") for row in rows for members in row.models.values()
    }
    assert named - {None} | {"openai"} == set(EMBEDDERS)

"""The dialects by name."""

from __future__ import annotations

import pytest

from aiollm.dialects.table import EMBEDDERS, NAMES, dialect_of
from aiollm.providers.catalog import read_catalog
from tests.programs import python


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_has_a_dialect_of_its_own(name: str) -> None:
    assert dialect_of(name).framer() is not dialect_of(name).framer()
    assert dialect_of(name) is dialect_of(name)


def test_every_provider_of_the_catalogue_has_a_dialect() -> None:
    assert {row.dialect for row in read_catalog().values()} <= NAMES


def test_a_dialect_is_loaded_when_it_is_asked_for() -> None:
    program = """
import sys
import aiollm
from aiollm.dialects.table import dialect_of
module = "aiollm.dialects.converse"
assert module not in sys.modules
dialect_of("converse")
assert module in sys.modules
"""
    done = python("-c", program)
    assert done.returncode == 0, done.stderr


def test_the_formats_of_embeddings_are_those_that_rows_name() -> None:
    rows = read_catalog().values()
    of_models = {members.get("embedding") for row in rows for members in row.models.values()}
    assert {row.embedding for row in rows} | of_models | {"openai"} == EMBEDDERS | {None}

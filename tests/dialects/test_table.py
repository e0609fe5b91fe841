"""The dialects by name."""

from __future__ import annotations

import pytest

from aiollm.dialects.table import NAMES, dialect_of
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

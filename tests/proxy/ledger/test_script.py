"""Statements for both databases."""

from __future__ import annotations

from aiollm.proxy.ledger.script import numbered


def test_values_are_numbered_as_postgresql_has_them() -> None:
    assert numbered("SELECT ? WHERE a = ? AND b = ?") == "SELECT $1 WHERE a = $2 AND b = $3"
    assert numbered("SELECT 1") == "SELECT 1"

"""Reading the catalogue that comes with the package.

People write `catalog.toml`. A process reads `catalog.json`, which `python3 -m tests.providers.catalog` makes of it: to
read TOML would take a good part of its start.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from aiollm.providers.model_rules import MODEL_RULES, ModelRule
from aiollm.providers.prefill import PREFILLS, Prefill
from aiollm.providers.provider import Provider
from aiollm.providers.quirks import BODY_QUIRKS
from aiollm.providers.urls import URL_RULES, UrlRule
from aiollm.types.endpoint import BodyQuirk

__all__ = ["read_catalog", "read_rows"]

_FUNCTIONS: Mapping[Any, Mapping[str, Any]] = {
    BodyQuirk: BODY_QUIRKS,
    ModelRule: MODEL_RULES,
    Prefill: PREFILLS,
    UrlRule: URL_RULES,
}
"""What a row names: the type of the member, and what there is of it by name."""


def read_catalog() -> dict[str, Provider]:
    """Return the catalogue's rows by name. It reads a file: call it once."""
    return read_rows(msgspec.json.decode(Path(__file__).with_name("catalog.json").read_bytes()))


def read_rows(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Provider]:
    """Return rows as providers, by name.

    Args:
        rows: the members of each row, those of `Provider`; functions by their names.

    Raises:
        msgspec.ValidationError: a member is unknown or of the wrong type, or names no quirk or rule that there is.
    """
    return {name: _row(name, row) for name, row in rows.items()}


def _row(name: str, row: Mapping[str, Any]) -> Provider:
    provider = _provider(name, row)
    models = {pattern: _members(name, changes) for pattern, changes in provider.models.items()}
    return replace(provider, models=models) if models else provider


def _members(name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row says of some of its models, each member as `Provider` has it."""
    changed = _provider(name, changes)
    return {member: getattr(changed, member) for member in changes}


def _provider(name: str, members: Mapping[str, Any]) -> Provider:
    return msgspec.convert({**members, "name": name}, Provider, dec_hook=_named)


def _named(kind: Any, name: str) -> Any:
    known = _FUNCTIONS[kind]
    if name not in known:
        raise ValueError(f"there is no {name}")
    return known[name]

"""Reading the catalogue that comes with the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from aiollm.providers.model_rules import MODEL_RULES
from aiollm.providers.prefill import PREFILLS
from aiollm.providers.provider import Provider
from aiollm.providers.quirks import BODY_QUIRKS
from aiollm.providers.urls import URL_RULES
from aiollm.types.endpoint import BodyQuirk

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["parse_catalog", "read_catalog"]


def read_catalog() -> dict[str, Provider]:
    """Return the catalogue's rows by name. It reads a file: call it once."""
    return parse_catalog(Path(__file__).with_name("catalog.toml").read_text("utf-8"))


def parse_catalog(text: str) -> dict[str, Provider]:
    """Return the rows of a TOML document: one table a provider, its members those of `Provider`.

    What rows have in common may be said once: `same_as` names the row of which this is a second name, `refuses_as` one
    whose `unsupported` holds besides the table's own.

    Raises:
        cattrs.ClassValidationError: a member is unknown or of the wrong type, or a quirk or rule is unknown.
        KeyError: another row is named that is not there.
    """
    # Both cost more to import than all the rest of the package; who never resolves a model never pays.
    import tomllib

    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn, override

    converter = Converter(forbid_extra_keys=True)
    structure = make_dict_structure_fn(
        Provider,
        converter,
        _cattrs_forbid_extra_keys=True,
        quirks=override(struct_hook=_quirks_named),
        prefill=override(struct_hook=lambda name, _: PREFILLS[name]),
        model_rule=override(struct_hook=lambda name, _: MODEL_RULES[name]),
        url_rule=override(struct_hook=lambda name, _: URL_RULES[name]),
        models=override(omit=True),
    )
    converter.register_structure_hook(Provider, structure)
    rows = tomllib.loads(text)
    return {name: _row(converter, {**_spelled_out(row, rows), "name": name}, rows) for name, row in rows.items()}


def _spelled_out(table: dict[str, Any], rows: dict[str, Any]) -> dict[str, Any]:
    """Return a table with what it has in common with other rows."""
    whole = dict(rows[table["same_as"]] if "same_as" in table else table)
    if "refuses_as" in whole:
        whole["unsupported"] = [*rows[whole.pop("refuses_as")]["unsupported"], *whole.get("unsupported", ())]
    return whole


def _row(converter: Converter, row: dict[str, Any], rows: dict[str, Any]) -> Provider:
    models = {
        pattern: _members(converter, {**_spelled_out(changes, rows), "name": row["name"]})
        for pattern, changes in row.pop("models", {}).items()
    }
    return evolve(converter.structure(row, Provider), models=models)


def _members(converter: Converter, changes: dict[str, Any]) -> dict[str, Any]:
    """Return what a row says of some of its models, each member as `Provider` has it."""
    changed = converter.structure(changes, Provider)
    return {member: getattr(changed, member) for member in changes}


def _quirks_named(names: list[str], _: Any) -> tuple[BodyQuirk, ...]:
    return tuple(BODY_QUIRKS[name] for name in names)

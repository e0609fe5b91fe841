"""What is known of models: the packaged table, or the user's newer one, and over both what the program registers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache, lru_cache
from os.path import expanduser
from pathlib import Path
from typing import Any

from aiollm.exceptions import BadRequestError
from aiollm.pricing.entry import Entry, is_price
from aiollm.pricing.names import belongs, names_of
from aiollm.pricing.table import ModelTable, packaged_table, read_table
from aiollm.providers.registry import PROCESS_ENVIRONMENT, providers
from aiollm.types.shape import JSON

__all__ = ["KnownModel", "entry_named", "find_model", "register_model", "table", "user_table_path"]

KnownModel = tuple[str, Entry]
"""A name in the table, and what the table says of the model."""

_FREE: Entry = {"mode": "chat", "litellm_provider": "local", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0}
_PRICE_NAMES = ("input_cost_per_", "output_cost_per_", "cache_read_input_", "cache_creation_input_")
_LONGEST_CHAIN = 4  # of aliases

_logger = logging.getLogger("aiollm")


def find_model(provider: str, model: str, *, region: str | None = None) -> KnownModel | None:
    """Return what is known of a provider's model, or None. The first call of the process reads the table's file.

    Args:
        provider: the provider's name in the catalogue.
        model: the model's name as sent upstream.
        region: where it runs, for the clouds whose prices differ by it.
    """
    known = _found(_cache_folder(), provider, model, region)
    if known is not None:
        return known
    row = providers().get(provider)
    return (f"{provider}/{model}", _FREE) if row is not None and row.serve else None


def entry_named(name: str) -> Entry | None:
    """Return the entry of exactly this name in the table, or None."""
    return _entry(name, table())


def register_model(model_cost: Mapping[str, Mapping[str, Any]]) -> None:
    """Say what models cost and how much they take, over the table, for this process.

    Args:
        model_cost: a model's name, as in the table ("gpt-4o", "groq/mine"), to its members in LiteLLM's shape:
            `input_cost_per_token` and `output_cost_per_token` in USD, `max_input_tokens`, `max_output_tokens`,
            `supports_vision`... What is not given stays as the table has it. Numbers may be text ("3e-7").

    Raises:
        BadRequestError: it has another shape, or a price is no number from 0.
    """
    if not isinstance(model_cost, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # users may pass anything
        raise BadRequestError(
            "register_model takes a dict of models; `aiollm models --refresh --from URL` fetches a whole table",
            param="model_cost",
        )
    checked = {name: _checked(name, members) for name, members in model_cost.items()}
    known = table()
    for name, members in checked.items():
        _registered()[name] = {**(_entry(name, known) or {}), **members}
    _found.cache_clear()


def _checked(name: str, members: JSON) -> dict[str, Any]:
    if not isinstance(members, Mapping):
        raise BadRequestError(f"register_model: {name!r} must have a dict of members", param="model_cost")
    return {member: _price(name, member, value) for member, value in members.items()}


def _price(name: str, member: str, value: Any) -> Any:
    """Return a member's value, and a price as a number."""
    if value is None or not member.startswith(_PRICE_NAMES):
        return value
    try:
        price = float(value)
    except (TypeError, ValueError):
        price = -1.0
    if not (is_price(price) if "token" in member else price >= 0):
        raise BadRequestError(f"register_model: {name!r} has no price in {member}: {value!r}", param="model_cost")
    return price


def table() -> ModelTable:
    """Return the table in use: the one that comes with the package, or the user's, whichever is newer."""
    return _table(_cache_folder())


def user_table_path() -> Path | None:
    """Return where the user's own table is, or would be; None for a user without a home."""
    return _table_in(_cache_folder())


@cache
def _cache_folder() -> str:
    """Return the folder of the user's caches, which begins with "~" for a user without a home.

    It is looked up once: each price of an answer asks for it, and to read the environment takes longer than the rest.
    """
    return PROCESS_ENVIRONMENT.get("XDG_CACHE_HOME") or expanduser("~/.cache")  # noqa: PTH111  # a Path would raise


def _table_in(folder: str) -> Path | None:
    return None if folder.startswith("~") else Path(folder, "aiollm", "models.table")


# By the folder's name: each price of an answer looks here, and to put a path together takes longer than all the rest.
@cache
def _table(folder: str) -> ModelTable:
    packaged, users = packaged_table(), _table_in(folder)
    if users is None or not users.is_file():
        return packaged
    try:
        own = read_table(users)
    except (OSError, ValueError) as error:
        _logger.warning("the packaged table of models is used: %s; `aiollm models --refresh` writes it anew", error)
        return packaged
    return own if own.made > packaged.made else packaged


@lru_cache(maxsize=4096)
def _found(folder: str, provider: str, model: str, region: str | None) -> KnownModel | None:
    """Return what the table of a folder, or the program, says of a model."""
    known = _table(folder)
    for name in names_of(provider, model, region):
        entry = _entry(name, known)
        if entry is not None and belongs(entry, provider):
            return name, entry
    return None


@cache
def _registered() -> dict[str, Entry]:
    return {}


def _entry(name: str, known: ModelTable) -> Entry | None:
    """Return the entry of a name, its aliases followed."""
    for _ in range(_LONGEST_CHAIN):
        entry = _registered().get(name) or known.get(name)
        if entry is None or "alias_of" not in entry:
            return entry
        name = entry["alias_of"]
    return None

"""What becomes of LiteLLM's names here: the table that the module, `aiollm migrate` and its page are made of."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, cast, get_args

from attrs import frozen

__all__ = ["Difference", "Kind", "Section", "differences"]

Section = Literal["arguments", "settings", "names", "router"]
Kind = Literal["same", "differs", "idle", "missing"]


@frozen
class Difference:
    """What becomes of a name.

    Attributes:
        kind: "same", "differs", "idle" (taken, without effect) or "missing" (it raises).
        note: in what it differs, why it has no effect, or what to use; empty where it means the same.
    """

    kind: Kind
    note: str = ""


@cache
def differences(section: Section) -> Mapping[str, Difference]:
    """Return a section of the table: LiteLLM's name -> what becomes of it."""
    text = files("aiollm.compat.litellm").joinpath("differences.toml").read_text(encoding="utf-8")
    return {name: _read(name, row) for name, row in tomllib.loads(text)[section].items()}


def _read(name: str, row: str) -> Difference:
    kind, _, note = row.partition(": ")
    assert kind in get_args(Kind), f"{name}: {kind}"
    return Difference(cast("Kind", kind), note)

"""The module `aiollm.compat.litellm` as an object: what is set on it are settings, what it lacks it explains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from attrs import fields

from aiollm.compat.litellm.differences import Section, differences
from aiollm.compat.litellm.settings import KEYS, SETTINGS, Settings, log_everything
from aiollm.providers.known_models import table
from aiollm.providers.registry import providers
from aiollm.types.nearest import nearest

__all__ = ["Namespace"]

_HONOURED = frozenset(
    attribute.name for attribute in fields(Settings) if attribute.name not in ("keys", "idle") and attribute.init
)
_MADE: Mapping[str, Callable[[], Any]] = {
    "_current_cost": lambda: 0.0 if (budget := SETTINGS.budget()) is None else budget.spent.usd,
    "model_cost": table,
    "model_list": lambda: list(table()),
    "provider_list": lambda: list(providers()),
}


class Namespace(ModuleType):
    """Reads and writes LiteLLM's settings as attributes of the module.

    Raises:
        AttributeError: there is no such name, or it cannot be set; the message says what to use.
    """

    def __getattr__(self, name: str) -> Any:
        if name in _HONOURED:
            return getattr(SETTINGS, name)
        if name in KEYS:
            return SETTINGS.keys.get(KEYS[name])
        if name in _MADE:
            return _MADE[name]()
        row = differences("settings").get(name)
        if row is not None and row.kind == "idle":
            return SETTINGS.idle.get(name)
        raise AttributeError(_why_not(name, "names", "settings"))

    def __setattr__(self, name: str, value: Any) -> None:
        row = differences("settings").get(name)
        if name in _HONOURED:
            setattr(SETTINGS, name, value)
            if name == "set_verbose":
                log_everything(bool(value))
        elif name in KEYS:
            SETTINGS.keys[KEYS[name]] = value
        elif row is not None and row.kind == "idle":
            SETTINGS.idle[name] = value
        elif name in self.__dict__ or name.startswith("__") or isinstance(value, ModuleType):
            super().__setattr__(name, value)  # a part of the package that is imported, or a test's own function
        elif row is None or value:
            raise AttributeError(_why_not(name, "settings"))

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *_HONOURED, *KEYS, *_MADE})


def _why_not(name: str, *sections: Section) -> str:
    for section in sections:
        row = differences(section).get(name)
        if row is not None and row.kind == "missing":
            return f"litellm.{name} is not there in aiollm: {row.note}"
    known = [name for section in sections for name in differences(section)]
    near = nearest(name, known, n=1)
    return f"aiollm.compat.litellm has no {name!r}{f': did you mean {near[0]!r}?' if near else ''}"

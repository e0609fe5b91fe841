"""Packages whose parts are loaded when somebody asks for them: what few processes need is no part of every start.

Who uses such a part names the package, and not the part, in its import:

    from aiollm import structured

    reader = structured.StructuredReader(kind)  # loaded here, the first time
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["parts_of"]


def parts_of(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package, which loads the module of a name when that is first asked for.

    Args:
        package: the package's name.
        places: the names, and for each the module below the package that has it.
    """

    def load(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{places[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return load

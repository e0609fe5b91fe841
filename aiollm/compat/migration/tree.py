"""All files of a code base, one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from aiollm.compat.migration.finding import Finding
from aiollm.compat.migration.source import findings_in_source
from aiollm.providers.environment import Environment
from aiollm.proxy.config import read_config

__all__ = ["findings_in_tree"]

_LEFT_OUT = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist", "venv"})
_CONFIG = re.compile(r"^model_list:", re.MULTILINE)
_VARIABLE = re.compile(r"os\.environ/([A-Za-z0-9_]+)")
_FILES = (".py", ".yaml", ".yml")


def findings_in_tree(paths: Iterable[Path]) -> list[Finding]:
    """Return what files, and all files below folders, have to change, in the order of the files.

    Python files are read, and YAML files with a `model_list`, as configurations of the proxy. Hidden folders, and those
    of installed packages, are left out.

    Raises:
        OSError: a path is not there.
        ImportError: there is a configuration, and PyYAML is not installed (the extra `proxy`).
    """
    return [finding for path in paths for file in _files(path) for finding in _findings(file)]


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for below in sorted(path.iterdir()):
        if below.name.startswith(".") or below.name in _LEFT_OUT or below.is_symlink():
            continue
        if below.is_dir():
            yield from _files(below)
        elif below.suffix in _FILES:
            yield below


def _findings(file: Path) -> list[Finding]:
    text = file.read_text("utf-8", "replace")
    if file.suffix == ".py":
        return findings_in_source(text, str(file))
    return _of_a_configuration(file, text) if _CONFIG.search(text) else []


def _of_a_configuration(file: Path, text: str) -> list[Finding]:
    # What the variables hold is no part of the configuration, and need not be here.
    variables = Environment(dict.fromkeys(_VARIABLE.findall(text), "1"))
    return [
        Finding(
            problem.file,
            problem.line,
            "missing" if problem.fatal else "idle",
            problem.key or "the configuration",
            problem.message,
        )
        for problem in read_config(file, variables).problems
    ]

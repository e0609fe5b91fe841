"""What is wrong with a configuration, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from aiollm.types.nearest import nearest

if TYPE_CHECKING:
    from aiollm.proxy.config.document import Value

__all__ = ["ConfigError", "Problem", "Problems", "meant"]


class Problem(msgspec.Struct, frozen=True):
    """One complaint. It never holds a value that could be a secret.

    Attributes:
        file: the file, as it was named.
        line: the line in it, from 1.
        key: where in the configuration, as in `general_settings.master_key`; "" for the whole.
        message: what is wrong, and what to do.
        fatal: whether the configuration cannot be used.
    """

    file: str
    line: int
    key: str
    message: str
    fatal: bool = True

    def __str__(self) -> str:
        kind = "" if self.fatal else "warning: "
        return f"{self.file}:{self.line}: {kind}{f'{self.key}: ' if self.key else ''}{self.message}"


class ConfigError(Exception):
    """The configuration cannot be used; `problems` has all that is wrong with it, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems: tuple[Problem, ...] = tuple(problems)


class Problems(msgspec.Struct, frozen=True):
    """The complaints found so far."""

    found: list[Problem] = []

    def error(self, value: Value, key: str, message: str) -> None:
        """Note what makes the configuration unusable."""
        self.found.append(Problem(value.file, value.line, key, message))

    def warning(self, value: Value, key: str, message: str) -> None:
        """Note what will be as it was not meant, and does no harm."""
        self.found.append(Problem(value.file, value.line, key, message, fatal=False))


def meant(name: str, known: Sequence[str]) -> str:
    """Return a question after the nearest known name, to end a sentence with; "" where none is near."""
    near = nearest(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""

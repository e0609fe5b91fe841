"""The environment, without its values on show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiollm.types.secret import HiddenText

__all__ = ["Environment", "is_option"]


def is_option(name: str) -> bool:
    """Whether a name in a row, among those of environment variables, is that of a call's option."""
    return name.islower()


class Environment:
    """A view of environment variables whose repr shows none of them.

    Args:
        variables: the environment.
        options: what a call gives, under names in lower case; looked up in the same way, and first.

    A traceback that captures locals prints the repr of every argument: that of `os.environ` is all keys at once.
    """

    __slots__ = ("_options", "_variables")

    def __init__(self, variables: Mapping[str, str], options: Mapping[str, str] = {}) -> None:
        self._variables = variables
        self._options = options

    def __repr__(self) -> str:
        return "<environment>"

    def under(self, options: Mapping[str, str]) -> Environment:
        """Return a view with the options of a call before the variables."""
        return Environment(self._variables, options)

    def get(self, name: str) -> HiddenText | None:
        """Return a variable's value; None when it is unset or blank."""
        value = self._options.get(name) or self._variables.get(name)
        return HiddenText(value) if value and not value.isspace() else None

    def first(self, names: Iterable[str]) -> tuple[str, HiddenText] | None:
        """Return the first of the variables that is set, with its name."""
        for name in names:
            value = self.get(name)
            if value is not None:
                return name, value
        return None

"""A credential that no repr, traceback, log or pickle shows."""

from __future__ import annotations

import re
from typing import Any, NoReturn

__all__ = ["HiddenText", "Secret"]

_SENDABLE = re.compile(r"[ -~]+")


class HiddenText(str):
    """A string whose `repr` is `***`: what a header value holding a credential is made of.

    Tracebacks that capture locals, and debuggers, print the `repr` of a header mapping; the HTTP writer uses the
    text itself.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


class Secret:
    """A credential, readable only by `reveal()`.

    Args:
        value: the credential as it goes over the wire. Surrounding white space is stripped (a key read from a file
            ends in a newline more often than not).

    Raises:
        ValueError: the value is not a string, is empty, or has characters that an HTTP header cannot carry. The
            message never contains the value.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        fault = _fault(value)
        if fault:
            # The frame of this exception is seen by whoever captures locals.
            del value
            raise ValueError(fault)
        self._value = HiddenText(value.strip())

    def reveal(self) -> HiddenText:
        """Return the credential, still hidden from `repr`."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and str.__eq__(self._value, other._value)

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not picklable: pass the name of its environment variable instead")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self


def _fault(value: object) -> str | None:
    """Say what is wrong with a credential, without quoting it."""
    if not isinstance(value, str):
        return f"must be a string, not {type(value).__name__}"
    text = value.strip()
    if _SENDABLE.fullmatch(text):
        return None
    if not text:
        return "is empty"
    for position, character in enumerate(text):
        if ord(character) < 0x20 or ord(character) == 0x7F:
            return (
                f"has a control character (U+{ord(character):04X}) at position {position} of {len(text)}; "
                "it was probably pasted with a line break"
            )
        if ord(character) > 0x7E:
            return f"has a character outside ASCII (U+{ord(character):04X}) at position {position} of {len(text)}"
    return None

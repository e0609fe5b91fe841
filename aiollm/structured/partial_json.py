"""JSON read as it comes: what there is of a value, at any moment."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

__all__ = ["MAX_CHARACTERS", "MAX_DEPTH", "InvalidJSON", "PartialJSON", "TooMuchJSON"]

MAX_CHARACTERS = 16 * 1024 * 1024
MAX_DEPTH = 128
"""The longest and the deepest JSON that is read. Providers' own schemas go ten levels deep."""

_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]+')
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_FIRST_HALF = re.compile(r"\\u[dD][89abAB]")  # of a character that is written as two escapes
_ESCAPE_LENGTH = 6
_LONGEST_NUMBER = 1000
_SCALAR = re.compile(r"[-+.0-9A-Za-z]+")
_LITERALS = {"true": True, "false": False, "null": None}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")

_Expected = Literal["value", "value or ]", "key", "key or }", ":", ", or ]", ", or }", "end"]


class InvalidJSON(ValueError):
    """The text is no JSON."""


class TooMuchJSON(ValueError):
    """The JSON is longer or deeper than its limit."""


class PartialJSON:
    """Reads JSON piece by piece, in time that is linear in its length however it is cut.

        reader = PartialJSON()
        reader.feed('{"city": "Par')
        reader.value  # {"city": "Par"}

    Args:
        max_characters: the longest text.
        max_depth: the most arrays and objects inside one another.

    Attributes:
        complete: whether the value has ended. A number that stands alone ends with `finish`.
    """

    def __init__(self, max_characters: int = MAX_CHARACTERS, max_depth: int = MAX_DEPTH) -> None:
        self.complete: bool = False
        self._max_characters = max_characters
        self._max_depth = max_depth
        self._characters = 0
        self._expected: _Expected = "value"
        self._root: Any = None
        self._stack: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str] = []  # of the objects in the stack: the member that is read
        self._string: list[str] | None = None  # the pieces of the one that is open
        self._is_key = False
        self._scalar = ""  # the beginning of a number or a literal
        self._tail = ""  # the beginning of an escape

    @property
    def value(self) -> Any:
        """What there is of the value: an open text as far as it has come, a number or a literal once it has ended.

        It is the object that is read into, which goes on growing: copy what you keep. None before anything is there.
        To look takes time that is linear in the open text, and in nothing else.
        """
        if self._string is not None and not self._is_key:
            self._string[:] = ["".join(self._string)]
            self._replace(self._string[0])
        return self._root

    def feed(self, text: str) -> None:
        """Read the next piece.

        Raises:
            InvalidJSON: it is no JSON.
            TooMuchJSON: it is longer or deeper than its limit.
        """
        self._characters += len(text)
        if self._characters > self._max_characters:
            raise TooMuchJSON(f"the JSON is longer than {self._max_characters} characters")
        text, self._tail = self._tail + text, ""
        at = 0
        while at < len(text):
            if self._string is not None:
                at = self._read_string(text, at)
            elif self._scalar or _SCALAR.match(text, at):
                at = self._read_scalar(text, at)
            else:
                at = self._read_mark(text, at)

    def finish(self) -> None:
        """Take note that nothing more comes.

        Raises:
            InvalidJSON: the value has not ended.
        """
        if self._scalar:
            self._end_scalar()
        if not self.complete:
            raise InvalidJSON("the JSON breaks off")

    # -- the parts of the text

    def _read_string(self, text: str, at: int) -> int:
        assert self._string is not None
        if found := _PLAIN.match(text, at):
            self._string.append(found.group())
            at = found.end()
        if at == len(text):
            return at
        if text[at] == '"':
            self._end_string()
            return at + 1
        if text[at] != "\\":
            raise self._invalid(text[at])
        return self._read_escape(self._string, text, at)

    def _read_escape(self, string: list[str], text: str, at: int) -> int:
        found = _ESCAPE.match(text, at)
        if found is None and len(text) - at >= _ESCAPE_LENGTH:
            raise self._invalid(text[at : at + _ESCAPE_LENGTH])
        end = len(text) if found is None else found.end()
        if _FIRST_HALF.match(text, at) and "\\u".startswith(text[end : end + 2]):
            found = _ESCAPE.match(text, end)
            end = end if found is None else found.end()
        if found is None and len(text) - end < _ESCAPE_LENGTH:  # it has been cut
            self._tail = text[at:]
            return len(text)
        string.append(json.loads(f'"{text[at:end]}"'))
        return end

    def _read_scalar(self, text: str, at: int) -> int:
        found = _SCALAR.match(text, at)
        if found:
            if not self._expected.startswith("value"):
                raise self._invalid(found.group())
            self._scalar += found.group()
            at = found.end()
            if len(self._scalar) > _LONGEST_NUMBER:
                raise TooMuchJSON(f"the JSON has a number of more than {_LONGEST_NUMBER} digits")
        if at < len(text):
            self._end_scalar()
        return at

    def _read_mark(self, text: str, at: int) -> int:
        found = _SPACE.match(text, at)
        assert found is not None
        at = found.end()
        if at < len(text) and not _SCALAR.match(text, at):
            self._take(text[at])
            at += 1
        return at

    def _take(self, mark: str) -> None:
        expected = self._expected
        if mark == '"' and expected.startswith(("value", "key")):
            self._begin_string(is_key=expected.startswith("key"))
        elif mark in "{[" and expected.startswith("value"):
            self._open(mark)
        elif mark in "}]" and mark == expected[-1]:
            self._stack.pop()
            if mark == "}":
                self._keys.pop()
            self._value_ended()
        elif mark == "," and expected.startswith(","):
            self._expected = "key" if expected[-1] == "}" else "value"
        elif mark == ":" == expected:
            self._expected = "value"
        else:
            raise self._invalid(mark)

    # -- values

    def _open(self, mark: str) -> None:
        if len(self._stack) == self._max_depth:
            raise TooMuchJSON(f"the JSON is deeper than {self._max_depth} levels")
        if mark == "{":
            opened: dict[str, Any] | list[Any] = {}
            self._put(opened)
            self._keys.append("")
            self._expected = "key or }"
        else:
            opened = []
            self._put(opened)
            self._expected = "value or ]"
        self._stack.append(opened)

    def _begin_string(self, *, is_key: bool) -> None:
        self._string, self._is_key = [], is_key
        if not is_key:
            self._put("")

    def _end_string(self) -> None:
        assert self._string is not None
        text, self._string = "".join(self._string), None
        if self._is_key:
            self._keys[-1] = text
            self._expected = ":"
        else:
            self._replace(text)
            self._value_ended()

    def _end_scalar(self) -> None:
        word, self._scalar = self._scalar, ""
        if word in _LITERALS:
            self._put(_LITERALS[word])
        elif number := _NUMBER.fullmatch(word):
            self._put(float(word) if number.group(1) or number.group(2) else int(word))
        else:
            raise self._invalid(word)
        self._value_ended()

    def _put(self, value: Any) -> None:
        """Add a value where one is expected."""
        into = self._stack[-1] if self._stack else None
        if into is None:
            self._root = value
        elif isinstance(into, dict):
            into[self._keys[-1]] = value
        else:
            into.append(value)

    def _replace(self, value: Any) -> None:
        """Put a value in the place of the one added last."""
        into = self._stack[-1] if self._stack else None
        if isinstance(into, list):
            into[-1] = value
        else:
            self._put(value)

    def _value_ended(self) -> None:
        if not self._stack:
            self.complete = True
            self._expected = "end"
        else:
            self._expected = ", or }" if isinstance(self._stack[-1], dict) else ", or ]"

    def _invalid(self, found: str) -> InvalidJSON:
        where = self._characters
        return InvalidJSON(f"no JSON: {found[:20]!r} before character {where}, where {self._expected} is expected")

"""What a setting may be: the words for it, and how a value becomes one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from aiollm.proxy.config.document import Value
from aiollm.proxy.config.problem import meant
from aiollm.proxy.durations import seconds_in
from aiollm.types.secret import HiddenText, Secret

__all__ = [
    "ALIASES",
    "ANY",
    "COUNT",
    "DURATION",
    "FALLBACKS",
    "FLAG",
    "HEADERS",
    "LIMIT",
    "MAPPING",
    "NAMES",
    "NUMBER",
    "POSITIVE",
    "SECONDS",
    "SECRET",
    "STATUS",
    "TEXT",
    "Kind",
    "Unfit",
    "choice",
    "counts_of",
]

T = TypeVar("T")


class Unfit(ValueError):
    """A value is not what its setting takes.

    Attributes:
        value: the value itself, or the one inside it that is at fault.
        message: what it must be; None where the words of its kind say it.
    """

    def __init__(self, value: Value, message: str | None = None) -> None:
        super().__init__(message)
        self.value = value
        self.message = message


class Kind(msgspec.Struct, Generic[T], frozen=True):
    """What a setting may be.

    Attributes:
        expected: the words for it, as in "a whole number".
        read: makes a setting of a value, or raises `Unfit`.
    """

    expected: str
    read: Callable[[Value], T]


_EXPONENT = re.compile(r"[0-9]+[eE][+-]?[0-9]+")
"""As 6e-7, which is how prices of a token are written, and text in YAML 1.1 because it has no point."""


def _text(value: Value) -> str:
    if not isinstance(value.content, str) or not value.content.strip():
        raise Unfit(value)
    return value.content


def _flag(value: Value) -> bool:
    if value.from_environment and str(value.content).lower() in ("true", "false"):
        return str(value.content).lower() == "true"
    if not isinstance(value.content, bool):
        raise Unfit(value)
    return value.content


def _number(value: Value) -> float:
    content = value.content
    if isinstance(content, str) and (value.from_environment or _EXPONENT.fullmatch(content)):
        try:
            content = float(content)
        except ValueError:
            raise Unfit(value) from None
    if isinstance(content, bool) or not isinstance(content, int | float) or not math.isfinite(content) or content < 0:
        raise Unfit(value)
    return content


def _count(value: Value) -> int:
    number = _number(value)
    if number != int(number):
        raise Unfit(value)
    return int(number)


def _limit(value: Value) -> int:
    number = _count(value)
    if not number:
        raise Unfit(value)
    return number


def _positive(value: Value) -> float:
    number = float(_number(value))
    if number == 0:
        raise Unfit(value)
    return number


def _duration(value: Value) -> float:
    seconds = seconds_in(value.content)
    if seconds is None:
        raise Unfit(value)
    return seconds


def _status(value: Value) -> int:
    number = _count(value)
    if not 400 <= number < 600:
        raise Unfit(value)
    return number


def _secret(value: Value) -> Secret:
    content = str(value.content) if isinstance(value.content, int) else value.content
    if not isinstance(content, str):
        raise Unfit(value)
    try:
        return Secret(content)
    except ValueError as error:
        fault = str(error)
    raise Unfit(value, fault)


def _items(value: Value) -> list[Value]:
    return value.content if isinstance(value.content, list) else [value]


def _members(value: Value) -> Mapping[str, Value]:
    if not isinstance(value.content, dict):
        raise Unfit(value)
    return value.content


def _names(value: Value) -> tuple[str, ...]:
    return tuple(_text(item) for item in _items(value))


def _alias(value: Value) -> Any:
    """Return the group that an alias stands for; `{model: group, hidden: true}` leaves it out of lists."""
    if isinstance(value.content, dict):
        group = value.content.get("model")
        if group is None:
            raise Unfit(value, "must name its group as `model`")
        return {**value.plain(), "model": _text(group)}
    return _text(value)


def _by_name(value: Value) -> Iterator[tuple[str, Value]]:
    """Give the members of a mapping, or of the mappings in a list, as LiteLLM writes fallbacks."""
    for item in _items(value):
        yield from _members(item).items()


TEXT = Kind("text", _text)
FLAG = Kind("true or false", _flag)
NUMBER = Kind("a number from 0", _number)
COUNT = Kind("a whole number from 0", _count)
LIMIT = Kind("a whole number from 1", _limit)
POSITIVE = Kind("a number above 0", _positive)
SECONDS = Kind("a number of seconds above 0", _positive)
DURATION = Kind('a time such as "30s", "5m", "12h", "30d" or "1mo"', _duration)
STATUS = Kind("an HTTP status from 400 to 599", _status)
SECRET = Kind("text", _secret)
NAMES = Kind("a list of texts", _names)
ALIASES = Kind("a mapping of names to groups", lambda value: {n: _alias(v) for n, v in _members(value).items()})
FALLBACKS = Kind(
    "a list like [{model: [other, another]}]", lambda value: {name: _names(item) for name, item in _by_name(value)}
)
MAPPING = Kind("a mapping", lambda value: {name: member.plain() for name, member in _members(value).items()})
HEADERS = Kind("a mapping of text to text", lambda v: {name: HiddenText(_text(m)) for name, m in _members(v).items()})
ANY: Kind[Any] = Kind("anything", Value.plain)


def choice(*words: str) -> Kind[str]:
    """Return the kind of a setting that takes one of a few words."""

    def read(value: Value) -> str:
        if value.content not in words:
            near = "" if value.from_environment else meant(str(value.content), words)
            raise Unfit(value, f"must be one of {', '.join(words)}{near}")
        return str(value.content)

    return Kind(f"one of {', '.join(words)}", read)


def counts_of(*names: str) -> Kind[dict[str, int]]:
    """Return the kind of a mapping with some of these names, to whole numbers."""

    def read(value: Value) -> dict[str, int]:
        for name, member in _members(value).items():
            if name not in names:
                raise Unfit(member, f"has no member {name}{meant(name, names)}; it takes {', '.join(names)}")
        return {name: _count(member) for name, member in _members(value).items()}

    return Kind("a mapping of names to whole numbers", read)

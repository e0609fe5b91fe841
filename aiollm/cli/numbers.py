"""The numbers that options take: each reads one, and says what it takes where it is none."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError

__all__ = ["above_zero", "count", "number", "port", "retries"]


def count(text: str) -> int:
    """Return a whole number from 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return value


def port(text: str) -> int:
    """Return the number of a port; 0 is any."""
    if not (text.isascii() and text.isdecimal() and int(text) < 65536):
        raise ArgumentTypeError(f"{text!r} is not a port: a number from 0 to 65535")
    return int(text)


def retries(text: str) -> int:
    """Return a whole number from 0."""
    return 0 if text == "0" else count(text)


def number(text: str) -> float:
    """Return a number from 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise ArgumentTypeError(f"{text!r} is not a number from 0")
    return value


def above_zero(text: str) -> float:
    """Return a number above 0."""
    value = number(text)
    if not value:
        raise ArgumentTypeError("0 is not above 0")
    return value

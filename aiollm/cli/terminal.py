"""What is written where: answers on stdout, all that is said about them on stderr."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TextIO

from aiollm.cache.store import StoreError
from aiollm.exceptions import APIError

__all__ = ["Misuse", "abandon_output", "complain", "is_terminal", "never_fail_on_a_character", "printable", "say"]

_CONTROLS = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - {ord("\n"), ord("\t")}, "\N{REPLACEMENT CHARACTER}")
_CONTROLS[ord("\r")] = ""  # it would let the next words cover the last ones


class Misuse(Exception):
    """The command was called in a way that cannot work: exit code 2."""


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is a terminal; one that the shell closed is None."""
    return stream is not None and stream.isatty()


def printable(text: str) -> str:
    """Return a text without the control characters that a terminal would obey: a model may write any."""
    return text.translate(_CONTROLS)


def say(text: str) -> None:
    """Write one line on stderr."""
    if sys.stderr is not None:
        print(printable(" ".join(text.split())), file=sys.stderr, flush=True)


def complain(error: Exception, *, debug: bool) -> None:
    """Say what went wrong, in one line; with `debug` after its traceback."""
    if debug and sys.stderr is not None:
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, APIError | Misuse | OSError | StoreError):
        say(f"aiollm: {error}")
    else:
        say(f"aiollm: {type(error).__name__}: {error} (--debug shows where)")


def never_fail_on_a_character() -> None:
    """Write a question mark for what the encoding of a standard stream lacks."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and stream.errors == "strict":
            reconfigure(errors="replace")


def abandon_output() -> None:
    """Send what is still buffered nowhere; the interpreter would complain of it at exit."""
    if sys.stdout is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)

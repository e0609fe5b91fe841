"""One row of the matrix, and the verdict on what a library made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from aiollm.testing import ProviderServer, Script
from benchmarks.failures.clients import BOUND

Seen = dict[str, Any]
"""What the library's process saw; see ``worker``."""

Check = Callable[[Seen, ProviderServer, ProviderServer], str]
"""What is wrong with what was seen, in a word, or ""; gets the two providers after the stream."""

Place = Literal["here", "refused", "no such name", "no TLS"]


def nothing_more(seen: Seen, server: ProviderServer, elsewhere: ProviderServer) -> str:
    """Find nothing wrong: the text or the error said it all."""
    return ""


@dataclass(frozen=True)
class Scenario:
    """One fault, or one odd but right answer.

    Attributes:
        name: the row's label.
        script: what the provider does with every request.
        text: the text that is right; None where no text is.
        error: whether an error of a documented class is right.
        first: what it does with the first request instead.
        way: how the stream is read; see ``worker``.
        retries: how many retries the library may make.
        place: where the library is told that the provider is.
        bound: seconds after which it hangs.
        check: looks at more than text and error.
    """

    name: str
    script: Script
    text: str | None = None
    error: bool = False
    first: Script | None = None
    way: str = "read"
    retries: int = 0
    place: Place = "here"
    bound: float = BOUND
    check: Check = nothing_more


@dataclass(frozen=True)
class Verdict:
    """What a cell says.

    Attributes:
        kind: "right"; "silent" (wrong, and reported as success); "fails" (a right answer raises); "raw" (an error that
            is none of those the library documents); "hangs"; or "wrong", for what the row looks at besides.
        detail: the class of the error, or what is wrong.
    """

    kind: Literal["right", "silent", "fails", "raw", "hangs", "wrong"]
    detail: str = ""


def judged(scenario: Scenario, seen: Seen, server: ProviderServer, elsewhere: ProviderServer) -> Verdict:
    """Return the verdict on what was seen.

    A row with neither a right text nor a right error looks at its check alone.
    """
    if seen["hung"]:
        return Verdict("hangs")
    if scenario.text is None and not scenario.error:
        complaint = scenario.check(seen, server, elsewhere)
        return Verdict("wrong", complaint) if complaint else Verdict("right", seen["error"] or "")
    if seen["error"] is None:
        if seen["text"] != scenario.text:
            return Verdict("silent", _short(seen["text"]))
    elif not scenario.error:
        return Verdict("fails", seen["error"])
    elif not seen["documented"]:
        return Verdict("raw", seen["error"])
    complaint = scenario.check(seen, server, elsewhere)
    return Verdict("wrong", complaint) if complaint else Verdict("right", seen["error"] or "")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."

"""One case of the failure catalogue."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from aiollm.testing import Steps

TEXT = "one two three"


@frozen
class Case:
    """One fault, or one odd but right answer.

    Attributes:
        name: its number in the catalogue, and what it is.
        steps: what the server does.
        text: the text that must arrive, all of it before any error.
        error: the exact class of the error; None for an answer that is whole.
        status_code: the error's status.
        says: what the error's message must say.
        phase: the error's phase: "first_token" when it must come out of opening.
        retryable: what the error must say of it.
        finish_reason: of the stream, when it is whole.
        inferred: whether the stream ends without a finish reason.
        facts: further attributes that the error must have.
        options: further arguments of the call.
    """

    name: str
    steps: Steps
    text: str = ""
    error: type[Exception] | None = None
    status_code: int | None = None
    says: str = ""
    phase: str = "stream"
    retryable: bool | None = None
    finish_reason: str | None = "stop"
    inferred: bool = False
    facts: dict[str, Any] = field(factory=dict)
    options: dict[str, Any] = field(factory=dict)

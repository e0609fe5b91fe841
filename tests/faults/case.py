"""One case of the failure catalogue."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from aiollm.testing import Exchange, Step, Steps

TEXT = "one two three"
REQUEST_ID = "req-7"


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
        hint: what its hint must say.
        phase: the error's phase: "first_token" when it must come out of opening.
        retryable: what the error must say of it.
        head: whether a head comes, and with it the provider's id of the request.
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
    hint: str = ""
    phase: str = "stream"
    retryable: bool | None = None
    head: bool = True
    finish_reason: str | None = "stop"
    inferred: bool = False
    facts: dict[str, Any] = field(factory=dict)
    options: dict[str, Any] = field(factory=dict)

    @property
    def script(self) -> list[Step]:
        """The steps, under a head that names the request."""
        return [_identified(), *([self.steps] if isinstance(self.steps, Step) else self.steps)]


def _identified() -> Step:
    async def run(exchange: Exchange) -> None:
        exchange.declare("x-request-id", REQUEST_ID)

    return Step("identified()", run)

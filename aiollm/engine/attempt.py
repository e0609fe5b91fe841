"""The ledger of a call: what was tried, where, and what became of it."""

from __future__ import annotations

from copy import copy
from typing import Any, Literal

import msgspec

from aiollm.engine.outcome import Ended, Outcome
from aiollm.exceptions import APIError, StreamCancelled
from aiollm.types.origin import Origin
from aiollm.types.usage import Usage

__all__ = ["Attempt", "Cause"]

Cause = Literal["first", "retry", "fallback", "hedge", "restart", "continue"]


class Attempt(msgspec.Struct, eq=False, weakref=True):
    """One request to one provider, made for a call.

    Attributes:
        number: which attempt of the call it is, from 1.
        cause: why it was made.
        provider: the provider's name.
        model: the model's name as the provider knows it.
        deployment: the router's id of the deployment, or None.
        started: seconds from the start of the call to that of the attempt.
        ended: "complete", "closed" (left before its end, by the reader or for another attempt) or "failed"; None while
            it goes on.
        error: what it failed with. It has no traceback, which would keep alive what the attempt worked with.
        usage: the tokens the provider counted, or None.
        first_token: seconds from the start of the call to the first content, or None.
        elapsed: seconds from the start of the call to the end of the attempt; None while it goes on.
        origin: where its answer came from; None where no answer began.
        group: the router's model group that was asked, or None.
    """

    number: int
    cause: Cause
    provider: str
    model: str
    deployment: str | None
    started: float
    ended: Ended | None = None
    error: APIError | None = None
    usage: Usage | None = None
    first_token: float | None = None
    elapsed: float | None = None
    origin: Origin | None = None
    group: str | None = None

    @property
    def cost(self) -> float | None:
        """USD: what the provider says, else by the table of prices; None where usage or price are not known.

        It is looked up when it is asked for. Some providers charge for an answer that was left before it told a usage.
        """
        return None if self.origin is None else self.origin.cost(self.usage)

    def __reduce__(self) -> tuple[Any, ...]:
        # The error may have this attempt among its own: of what goes in a circle one part has to be told later.
        values = tuple(None if name == "error" else getattr(self, name) for name in self.__struct_fields__)
        return type(self), values, (None, {"error": self.error})

    def __repr__(self) -> str:
        told = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "origin")
        return f"{type(self).__name__}({', '.join(told)})"

    def refused(self, error: BaseException, elapsed: float) -> None:
        """Note that no answer began."""
        left = isinstance(error, StreamCancelled) or not isinstance(error, Exception)
        self.ended = "closed" if left else "failed"
        self.error = _bare(error)
        self.elapsed = elapsed

    def closed(self, outcome: Outcome) -> None:
        """Note how the answer ended."""
        self.ended = outcome.ended
        if outcome.error is not None:
            self.error = _bare(outcome.error)
        self.usage = outcome.usage
        self.first_token = outcome.first_token
        self.elapsed = outcome.elapsed


def _bare(error: BaseException | None) -> APIError | None:
    """Return a copy of an error of the library's, without what keeps alive what it was raised in."""
    if not isinstance(error, APIError):
        return None
    bare = copy(error)
    # A copy has these where a process lets errors be pickled with their tracebacks, as Dask's do.
    bare.__traceback__ = bare.__cause__ = bare.__context__ = None
    return bare

"""What comes back from a call, whichever API it asked: the part that policies look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from aiollm.engine.attempt import Attempt
from aiollm.engine.call import Call
from aiollm.engine.outcome import Outcome
from aiollm.types.origin import Origin
from aiollm.types.usage import Usage
from aiollm.wire.http import ReplyHead

__all__ = ["Answer", "WholeReply"]

Whole = TypeVar("Whole")


class Answer(Protocol):
    """A stream, open or finished, or a reply of an API that does not stream."""

    @property
    def head(self) -> ReplyHead:
        """Status and headers of the reply."""
        ...

    @property
    def usage(self) -> Usage | None:
        """The tokens the provider counted, as far as it has told."""
        ...

    @property
    def origin(self) -> Origin:
        """Where it came from; its `cost(usage)` prices it."""
        ...

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts of the call, in the order of their beginning."""
        ...

    def notify(self, listener: Callable[[Outcome], None]) -> None:
        """Call `listener` with the outcome, exactly once; at once when the answer has ended."""
        ...

    async def aclose(self) -> None:
        """Close the connection, unless the answer has ended."""
        ...


class WholeReply(Generic[Whole]):
    """The reply of an API that does not stream.

    Attributes:
        response: the reply.
        head: its status and headers.
        usage: the tokens the provider counted, or None.
        origin: where it came from.
    """

    def __init__(self, call: Call, response: Whole, head: ReplyHead, usage: Usage | None, origin: Origin) -> None:
        self.response = response
        self.head: ReplyHead = head
        self.usage: Usage | None = usage
        self.origin: Origin = origin
        self._attempts = call.attempts
        elapsed = call.scope.loop.time() - call.scope.started
        self._outcome = Outcome("complete", None, usage, None, 0, elapsed, elapsed, origin, lambda: response)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return tuple(self._attempts)

    def notify(self, listener: Callable[[Outcome], None]) -> None:
        listener(self._outcome)

    on_close = notify

    async def aclose(self) -> None:
        """Nothing is open any more."""

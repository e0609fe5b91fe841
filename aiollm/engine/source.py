"""Where the chunks of one answer come from: the queue of those that are ready, the account, and the end, told once."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from aiollm.engine.attempt import Attempt
from aiollm.engine.call import Call
from aiollm.engine.outcome import Ended, Outcome
from aiollm.engine.stats import Arrivals, StreamStats
from aiollm.types.origin import Origin
from aiollm.types.usage import Usage
from aiollm.wire.alike import AlikeEvents, Run
from aiollm.wire.frame import Frame
from aiollm.wire.http import ReplyHead

__all__ = ["AnswerSource", "tell"]

Piece = TypeVar("Piece")
Whole = TypeVar("Whole")

_logger = logging.getLogger("aiollm")


class AnswerSource(ABC, Generic[Piece, Whole]):
    """What stands behind a stream.

    The stream refers to its source, never the source to the stream: one that users drop must not wait for the garbage
    collector to close its connection.

    Attributes:
        call: the call that it answers.
        model: the model asked for, as the provider knows it.
        provider: the provider's name.
        head: status and headers of the reply.
        origin: what the chunks share.
        response: the whole answer, when it came as a whole.
        attempt: which attempt of the call it is, from 1.
        attempts: the call's ledger.
        place: the line that made the call.
        loop: the event loop it belongs to.
        ready: the chunks that nobody has read yet.
        chunks: how many chunks there were, read or not.
        first_token: seconds from the start of the call to the first content, or None.
        ended: whether the answer has ended, one way or another.
        error: what ended it; it is raised once what is ready has been read.
    """

    def __init__(self, call: Call, head: ReplyHead, origin: Origin) -> None:
        self.call = call
        self.model: str = call.request.model
        self.provider: str = call.target.provider.name
        self.head: ReplyHead = head
        self.origin = origin
        self.response: Whole | None = None
        self.attempt: int = call.attempt
        self.attempts: list[Attempt] = call.attempts
        self.place: str = call.place
        self.loop: asyncio.AbstractEventLoop = call.scope.loop
        self.ready: deque[Piece] = deque()
        self.chunks = 0
        self.first_token: float | None = None
        self.ended: bool = False
        self.error: BaseException | None = None
        self._started = call.scope.started
        self._listeners: list[Callable[[Outcome], None]] = []
        self._ending: tuple[Ended, BaseException | None, float] | None = None

    @abstractmethod
    async def fill(self) -> None:
        """Make chunks ready, or end.

        Raises:
            WrongLoopError: another event loop is running than its own.
            StreamCancelled: its scope was cancelled, or it was closed meanwhile.

        Cancelling ends it.
        """

    async def pause(self) -> None:
        """Let some of the answer come before it is read again, where that spares work. Cancelling ends it."""

    def expect(self, alike: AlikeEvents) -> None:
        """Make such events ready as runs, where they need not be read one by one. Few sources can."""

    def taken_frames(self) -> list[Frame] | None:
        """Return the events behind what was made ready since the last time; None where they are not kept."""
        return None

    async def pass_runs(self, write: Callable[[Run], bytes], send: Callable[[bytes], bool]) -> None:
        """Give `send` what `write` makes of runs of the events that are expected, as they are received.

        It goes on for as long as `send` returns true. It also returns, or does nothing, where something else is to be
        told: `fill` makes it ready, or raises it. Raises what these raise, and ends then; so does cancelling.
        """

    @abstractmethod
    def _release(self, ended: Ended) -> None:
        """Let go of what the chunks are read from, without waiting. Called once."""

    @property
    @abstractmethod
    def usage(self) -> Usage | None:
        """The tokens the provider counted, as far as it has told."""

    @property
    @abstractmethod
    def finish_reason(self) -> str | None:
        """The finish reason of the first choice, or None before it has come."""

    @property
    def finish_inferred(self) -> bool:
        """Whether the answer ended with an end marker but without a finish reason."""
        return False

    @property
    def bytes(self) -> int:
        """How many bytes of the body were read, as they came over the wire."""
        return 0

    @property
    def arrivals(self) -> Arrivals:
        """When content came; nothing, for an answer that came as a whole."""
        return Arrivals()

    def stats(self) -> StreamStats:
        """Return how the answer came, so far."""
        usage = self.usage
        return self.arrivals.stats(
            first_token=self.first_token,
            tokens=None if usage is None else usage.completion_tokens,
            chunks=self.chunks,
            body_bytes=self.bytes,
            attempts=len(self.attempts),
            elapsed=self.elapsed() if self._ending is None else self._ending[2],
        )

    @property
    def settled(self) -> bool:
        """Whether it has ended without an error that its reader has yet to get."""
        return self.ended and self.error is None

    @property
    def complete(self) -> bool:
        """Whether the answer has come to its own end."""
        return self._ending is not None and self._ending[0] == "complete"

    def partial(self) -> Whole | None:
        """Return the answer, whole or as far as it has come; None when nothing of it has come."""
        return self.response

    @property
    def hidden_params(self) -> dict[str, Any]:
        """LiteLLM's `_hidden_params` of the answer."""
        return self.origin.hidden_params(self.usage)

    def over(self) -> BaseException:
        """Return what says that nothing more comes: once the error that ended it, then always the plain end."""
        error, self.error = self.error, None
        return error or StopAsyncIteration()

    def close(self, ended: Ended, error: BaseException | None = None) -> None:
        """End, once, whichever way; nothing is waited for."""
        if self.ended:
            return
        self.ended = True
        self._release(ended)
        if ended == "closed" and self.error is None:  # there is no reader any more
            self.ready.clear()
        self._ending = ended, error, self.elapsed()
        if self._listeners:
            outcome = self._outcome()
            for listener in self._listeners:  # the innermost policy first, so that the others see its account
                tell(listener, outcome)

    def notify(self, listener: Callable[[Outcome], None]) -> None:
        """Call `listener` with the outcome at the end, exactly once; at once if it has ended."""
        if self._ending is None:
            self._listeners.append(listener)
        else:
            tell(listener, self._outcome())

    def _outcome(self) -> Outcome:
        """Return how it ended. It is not kept: it refers to the source."""
        assert self._ending is not None
        ended, error, elapsed = self._ending
        return Outcome(
            ended,
            error,
            self.usage,
            self.finish_reason,
            self.chunks,
            self.first_token,
            elapsed,
            self.origin,
            self.partial,
            self.stats,
        )

    def elapsed(self) -> float:
        """Return the seconds since the start of the call."""
        return self.loop.time() - self._started


def tell(listener: Callable[[Outcome], None], outcome: Outcome) -> None:
    """Tell a listener how an answer ended, which it must not change: an exception of its is logged."""
    try:
        listener(outcome)
    except Exception:
        _logger.exception("a listener to the end of a stream failed")

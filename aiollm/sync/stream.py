"""The blocking stream: an iterator in the caller's thread over a stream that lives on the loop thread."""

# What users do not see of a stream is shared with its blocking twin.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from threading import get_ident
from typing import Any, Generic, Self, TypeVar

from aiollm import structured
from aiollm.core.runtime import LoopThread
from aiollm.engine.attempt import Attempt
from aiollm.engine.broadcast import SlowReaders
from aiollm.engine.coalesced import coalesce
from aiollm.engine.derived import derived
from aiollm.engine.handed_on import HANDED_ON
from aiollm.engine.outcome import Outcome
from aiollm.engine.stats import StreamStats
from aiollm.engine.stream import AnswerStream, text_in
from aiollm.engine.tee import TEE_BYTES
from aiollm.exceptions import StreamCancelled, WrongLoopError
from aiollm.sync.closed import ClosedAtEnd
from aiollm.sync.pump import Pump
from aiollm.sync.pumped import PumpedSource
from aiollm.sync.thread import loop_thread
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import ModelResponse
from aiollm.types.responses import ResponsesAPIResponse, ResponsesStreamEvent
from aiollm.types.usage import Usage
from aiollm.wire.http import ReplyHead

__all__ = ["BlockingStream", "SyncEventStream", "SyncStream"]

Piece = TypeVar("Piece")
Whole = TypeVar("Whole")
T = TypeVar("T")


class BlockingStream(ClosedAtEnd, Generic[Piece, Whole]):
    """What blocking streams of every API share; `SyncStream` says what users may rely on."""

    def __init__(self, pump: Pump[Piece, Whole], stream: AnswerStream[Piece, Whole]) -> None:
        self._stream = stream
        self._pipe = pump.pipe
        self._pump: Pump[Piece, Whole] | None = pump  # None once others read what it carries
        self._ready: deque[Piece] = deque()
        self._process = os.getpid()
        self._closed = False
        self._reader = get_ident()
        self._over = False  # nothing more is to be read

    @classmethod
    def open(cls, thread: LoopThread, opening: Coroutine[Any, Any, AnswerStream[Piece, Whole]]) -> Self:
        """Open a stream on the loop thread, and return when its first content has come.

        Raises:
            APIError: what `acompletion` raises.
        """
        pump = Pump(thread, opening)
        try:
            return cls(pump, pump.opened.result())
        except BaseException:
            pump.cancel()
            raise

    @classmethod
    async def aopen(cls, thread: LoopThread, opening: Coroutine[Any, Any, AnswerStream[Piece, Whole]]) -> Self:
        """Open a stream on the loop thread without holding up the caller's own event loop meanwhile.

        Raises:
            APIError: what `acompletion` raises.

        Cancelling closes the connection.
        """
        pump = Pump(thread, opening)
        try:
            return cls(pump, await asyncio.wrap_future(pump.opened))
        except BaseException:
            pump.cancel()
            raise

    def __iter__(self) -> Iterator[Piece]:
        # A generator ends with the `for` statement that holds it, and closes the stream then.
        try:
            while not self._over and (self._ready or self._fill()):
                yield self._ready.popleft()
        finally:
            self.close()

    def __next__(self) -> Piece:
        if self._over or not (self._ready or self._fill()):
            raise StopIteration
        return self._ready.popleft()

    def _fill(self) -> bool:
        """Wait for the chunks of the next read; False at the end."""
        if self._process != os.getpid():
            raise WrongLoopError("the stream was opened before the process was forked, and is read by the parent")
        self._reader = get_ident()
        try:
            batch = self._pipe.get()
        except BaseException:  # Ctrl-C among them
            self._over = True
            self.close()
            raise
        self._ready.extend(batch)
        self._over = not batch
        return bool(batch)

    def final(self) -> Whole:
        """Read to the end, and return the whole answer, what was read before included.

        Raises:
            StreamCancelled: the stream was left before its end.
            APIError: as iterating does.
        """
        self._ready.clear()
        while not self._over and self._fill():
            self._ready.clear()
        return self._stream._whole()

    def tee(self, count: int = 2, *, slow: SlowReaders = "wait", max_bytes: int = TEE_BYTES) -> tuple[Self, ...]:
        """Return several streams of this answer, as `AnswerStream.tee` does. This one is not to be read any more.

        With `slow="wait"` each needs a thread of its own where an answer may be longer than `max_bytes`.

        Raises:
            ValueError: an argument is out of its range.
        """
        return self._handed_on(lambda stream: stream.tee(count, slow=slow, max_bytes=max_bytes))

    def _handed_on(
        self, make: Callable[[AnswerStream[Piece, Whole]], tuple[AnswerStream[Piece, Whole], ...]]
    ) -> tuple[Self, ...]:
        """Return what is made, on the loop, of what has not been read yet."""
        thread = loop_thread()
        made = thread.run(self._remade(make))
        return tuple(type(self).open(thread, _given(stream)) for stream in made)

    async def _remade(
        self, make: Callable[[AnswerStream[Piece, Whole]], tuple[AnswerStream[Piece, Whole], ...]]
    ) -> tuple[AnswerStream[Piece, Whole], ...]:
        if self._pump is None:
            raise StreamCancelled(HANDED_ON)
        source = PumpedSource(self._stream._source, self._pump)
        try:
            made = make(type(self._stream)(source))
        except BaseException:
            source.ended = True  # it has taken over nothing that would have to be closed
            raise
        source.take_over(self._ready)
        self._ready.clear()
        self._pump = None
        self._pipe.end(StreamCancelled(HANDED_ON))
        return made

    def on_close(self, listener: Callable[[Outcome], None]) -> None:
        """Call `listener` with the outcome when the stream ends, as `AnswerStream.on_close` does.

        It is called on the loop thread, where it must not wait.
        """
        loop_thread().run(self._listen(listener))

    async def _listen(self, listener: Callable[[Outcome], None]) -> None:
        self._stream.on_close(listener)

    def close(self) -> None:
        """Close the connection, unless the answer has ended. May be called again, and from another thread.

        Where another thread reads, its loop does not just end: it raises `StreamCancelled`, for it has not left it.
        """
        if not self._closed:
            self._closed = True
            self._over = self._over or self._reader == get_ident()
            if self._process != os.getpid():  # a forked child has no part in its parent's connections
                return
            if self._pump is not None:
                self._pump.cancel()
            self._pipe.end(StreamCancelled("the stream was closed from another thread"))

    def __del__(self) -> None:
        self.close()

    @property
    def model(self) -> str:
        """The model asked for, as the provider knows it."""
        return self._stream.model

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self._stream.provider

    @property
    def head(self) -> ReplyHead:
        """Status and headers of the reply."""
        return self._stream.head

    @property
    def usage(self) -> Usage | None:
        """The tokens the provider counted, as far as it has told; never an estimate."""
        return self._stream.usage

    @property
    def finish_reason(self) -> str | None:
        """The finish reason of the first choice, or None before it has come."""
        return self._stream.finish_reason

    @property
    def finish_inferred(self) -> bool:
        """Whether the answer ended with an end marker but without a finish reason."""
        return self._stream.finish_inferred

    @property
    def closed(self) -> bool:
        """Whether the stream was closed or has ended."""
        return self._closed or self._stream.closed

    @property
    def first_token(self) -> float | None:
        """Seconds from the start of the call to the first content."""
        return self._stream.first_token

    @property
    def stats(self) -> StreamStats:
        """How the stream came, so far: first content, gaps and stalls, speed. It is worked out when this is asked."""
        return self._stream.stats

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts of the call, in the order of their beginning: this one, and what was tried beside it."""
        return self._stream.attempts

    @property
    def request_id(self) -> str | None:
        """The provider's id of the request."""
        return self._stream.request_id

    @property
    def _hidden_params(self) -> dict[str, Any]:
        return self._stream._hidden_params

    def __repr__(self) -> str:
        return repr(self._stream).replace(type(self._stream).__name__, type(self).__name__, 1)


class SyncStream(BlockingStream[ModelResponseStream, ModelResponse]):
    """The chunks of one answer, in a plain `for` loop.

    Leaving the loop, by `break`, `return` or an exception (Ctrl-C too), closes the connection at once, even while a
    variable still holds the stream; so do `close()` and `with`. `next(stream)` reads one chunk and goes on later. It
    may be used inside a running event loop, as in a notebook, which it then blocks while it waits.
    """

    def text(self) -> Iterator[str]:
        """Iterate over the text of the first choice, piece by piece; leaving the loop closes the connection.

        An answer that begins again (`mid_stream="restart"`) does so in its text, without a word: read the chunks then.
        """
        return filter(None, map(text_in, self))

    def coalesce(self, *, ms: float) -> Self:
        """Return a stream of this answer with fewer chunks, as `ChunkStream.coalesce` does.

        This one is not to be read any more.

        Raises:
            ValueError: `ms` is out of its range.
        """
        return self._handed_on(lambda stream: (coalesce(stream, ms),))[0]

    def tool_arguments(self) -> Iterator[structured.ToolArguments]:
        """Iterate over the arguments of function calls as they grow, as `ChunkStream.tool_arguments` does."""
        return derived(self, self._stream._source, structured.ToolArgumentsReader())

    def parsed(self, kind: type[T]) -> Iterator[T]:
        """Iterate over the answer as an object of a class, as `ChunkStream.parsed` does; the last is checked."""
        return derived(self, self._stream._source, structured.StructuredReader(kind))


class SyncEventStream(BlockingStream[ResponsesStreamEvent, ResponsesAPIResponse]):
    """The typed events of one response, in a plain `for` loop; it is read and closed as `SyncStream` is."""


async def _given(stream: AnswerStream[Piece, Whole]) -> AnswerStream[Piece, Whole]:
    return stream

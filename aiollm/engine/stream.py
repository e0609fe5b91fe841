"""The stream that users hold: chunks of one answer, and the truth about how it ended."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import warnings
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from types import TracebackType
from typing import Any, Generic, NoReturn, Self, TypeVar

from aiollm.core.reader import FrameReader
from aiollm.core.transport import Exchange
from aiollm.dialects.base import FrameDecoder
from aiollm.dialects.errors import request_id
from aiollm.engine.attempt import Attempt
from aiollm.engine.call import Call
from aiollm.engine.outcome import Ended, Outcome
from aiollm.engine.redaction import redact, secrets_of
from aiollm.engine.whole import WholeAnswer
from aiollm.exceptions import (
    APIError,
    StreamCancelled,
    StreamInterrupted,
    StreamTruncated,
    Timeout,
    UnexpectedContentType,
    WrongLoopError,
)
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.origin import Origin
from aiollm.types.response import ModelResponse
from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame
from aiollm.wire.http import ReplyHead

__all__ = ["AnswerStream", "ChunkStream"]

Piece = TypeVar("Piece")
Whole = TypeVar("Whole")

TAIL_SECONDS = 5.0
"""How long the end of the body is waited for once every choice has its finish reason: the answer is whole by then, and
only the usage chunk and the end marker can still come."""

# How many frames of a read are decoded at a time. The chunks of all 200 of a large read fill more than the processor's
# cache before the first is used (`benchmarks`, big reads: 11.2 us a chunk, against 8.5 in groups).
_GROUP = range(1, 17)
_FIRST = range(1, 2)  # until the first content: nothing behind it is decoded before it is handed out

_logger = logging.getLogger("aiollm")


class AnswerStream(ABC, Generic[Piece, Whole]):
    """What streams of every API share; `ChunkStream` says what users may rely on."""

    def __init__(self, call: Call, decoder: FrameDecoder[Piece, Whole], head: ReplyHead, origin: Origin) -> None:
        self.model = call.request.model
        self.provider = call.target.provider.name
        self.head = head
        self.response: Whole | None = None
        self._decoder = decoder
        self._origin = origin
        self._started = call.scope.started
        self._attempt = call.attempt
        self._attempts = call.attempts
        self._secrets = secrets_of(call)
        self._loop = call.scope.loop
        self._process = os.getpid()
        self._exchange: Exchange | None = None
        self._reader: FrameReader | None = None
        self._idle = call.scope.timeouts.idle
        self._frames: Iterator[Frame] | None = None  # of the last read, not all decoded yet
        self._ready: deque[Piece] = deque()
        self._error: BaseException | None = None  # raised once what is ready has been read
        self._ended = False
        self._chunks = 0
        self._first_token: float | None = None
        self._on_close: list[Callable[[Outcome], None]] = []
        self._ending: tuple[Ended, BaseException | None, float] | None = None
        self._opened_at = ""

    @classmethod
    async def open(
        cls,
        call: Call,
        decoder: FrameDecoder[Piece, Whole],
        origin: Origin,
        exchange: Exchange,
        reader: FrameReader,
    ) -> Self:
        """Return a stream whose first content has come, or raise what came instead.

        Raises:
            APIError: the provider reported an error, a clock ran out, or there was no answer.

        Cancelling closes the connection.
        """
        stream = cls(call, decoder, exchange.head, origin)
        stream._exchange, stream._reader = exchange, reader
        stream._opened_at = _caller()
        await stream._fill()
        if stream._first_token is None and stream._error is not None:
            raise stream._error
        return stream

    @classmethod
    def replay(
        cls,
        call: Call,
        head: ReplyHead,
        origin: Origin,
        response: Whole,
        chunks: Iterable[Piece] = (),
    ) -> Self:
        """Return a finished stream of an answer that came as a whole."""
        stream = cls(call, cls._account_of(response), head, origin)
        stream.response = response
        stream._ready.extend(chunks)
        stream._chunks = len(stream._ready)
        stream._first_token = stream._elapsed()
        stream._close("complete", None)
        return stream

    @staticmethod
    @abstractmethod
    def _account_of(response: Whole) -> WholeAnswer[Whole]:
        """Return the account of a whole answer, in the terms of chat."""

    # -- reading

    def __aiter__(self) -> _Iteration[Piece]:
        return _Iteration(self)

    async def __anext__(self) -> Piece:
        if not self._ready:
            await self._fill()
            if not self._ready:
                raise self._end()
        return self._ready.popleft()

    def __iter__(self) -> NoReturn:
        raise TypeError("this stream is asynchronous: iterate it with `async for`, or use its blocking twin")

    async def next_batch(self) -> list[Piece]:
        """Return the next chunks, of one read of the socket at the most; an empty list at the end of the answer.

        Raises as iterating does. Cancelling closes the connection.
        """
        if not self._ready:
            await self._fill()
        batch = list(self._ready)
        self._ready.clear()
        if not batch and not isinstance(end := self._end(), StopAsyncIteration):
            raise end
        return batch

    def _end(self) -> BaseException:
        """Return what says that nothing more comes: once the error that ended the stream, then always the plain end."""
        error, self._error = self._error, None
        return error or StopAsyncIteration()

    async def _fill(self) -> None:
        """Read until a chunk is ready, and until the first content has come, or else to the end of the stream."""
        if self._loop is not asyncio.get_running_loop():
            raise WrongLoopError("the stream belongs to another event loop than the one that is running")
        while not self._ended and (self._first_token is None or not self._ready):
            assert self._reader is not None
            assert self._exchange is not None
            try:
                if self._decoder.done:
                    await self._complete()
                    break
                if self._frames is None:
                    frames = self._reader.peeked() or self._reader.frames(await self._exchange.read())
                    if self._ended:  # closed by another task while the bytes were on their way to this one
                        raise StreamCancelled("the stream was closed")
                    self._frames = frames
                self._take(self._frames)
                if self._decoder.content:
                    self._content_came()
                if self._reader.at_end and self._frames is None:
                    self._body_ended()
            except APIError as error:
                self._fail(error)
            except BaseException as error:
                self._break_off(error)
                raise
            else:
                # What came together with the end marker does not wait for the rest of the body.
                if self._decoder.done and not self._ended and (not self._ready or self._exchange.body_came):
                    await self._complete()

    def _take(self, frames: Iterator[Frame]) -> None:
        """Make the chunks of the next frames ready; those before a fault count."""
        before, taken = len(self._ready), 0
        group = _GROUP if self._first_token is not None else _FIRST
        take, feed = self._ready.extend, self._decoder.feed
        try:
            for taken, frame in zip(group, frames, strict=False):  # noqa: B007  # looked at below
                take(feed(frame))
            if taken < len(group):
                self._frames = None
        finally:
            self._chunks += len(self._ready) - before

    def _take_rest(self) -> None:
        """Make ready what the decoder held back for the end."""
        before = len(self._ready)
        try:
            self._ready.extend(self._decoder.finish())
        finally:
            self._chunks += len(self._ready) - before

    def _content_came(self) -> None:
        """Start the wait for the next content."""
        self._decoder.content = False
        if self._first_token is None:
            self._first_token = self._elapsed()
        assert self._exchange is not None
        if self._decoder.finished:
            self._exchange.clocks.allow("tail", TAIL_SECONDS)
        else:
            self._exchange.clocks.allow("idle", self._idle)

    # -- ending

    def _body_ended(self) -> None:
        self._take_rest()
        if self._decoder.done or self._decoder.finished:
            self._close("complete", None)
            return
        assert self._reader is not None
        if not self._chunks and self.head.content_type != self._reader.content_type:
            raise UnexpectedContentType(
                f"{self.provider} answered {self.head.status} with {self.head.content_type or 'an unnamed type'} that "
                "has no event in it",
                status_code=502,
                retryable=True,
                hint="check api_base",
            )
        raise StreamTruncated(
            f"the answer of {self.provider} was cut: the body ended after {self._chunks} chunks, without a finish "
            "reason and without an end marker"
        )

    async def _complete(self) -> None:
        """End at the end marker, and save the connection for another request."""
        exchange, self._exchange = self._exchange, None
        self._close("complete", None)
        if exchange is not None:
            await exchange.drain()

    def _fail(self, error: APIError) -> None:
        """End with an error, unless the answer was whole by then."""
        if self._decoder.content:
            self._content_came()
        broke_off = isinstance(error, StreamInterrupted | Timeout) and not isinstance(error, StreamTruncated)
        if broke_off and self._decoder.finished:
            try:
                self._take_rest()
            except APIError as incomplete:
                error = incomplete
            else:
                self._close("complete", None)
                return
        opened = self._first_token is not None
        error.phase = "stream" if opened else "first_token"
        error.with_context(
            model=self.model,
            llm_provider=self.provider,
            headers=self.head.headers,
            request_id=self.request_id,
            host=self._exchange.host if self._exchange else None,
            attempt=self._attempt,
            attempts=tuple(self._attempts),
            elapsed=self._elapsed(),
            partial=self._decoder.partial() if opened else None,
            usage=self._decoder.usage,
            hint="the answer so far is in `partial`" if opened else None,
        )
        redact(error, self._secrets)
        self._error = error
        self._close("failed", error)

    def _break_off(self, error: BaseException) -> None:
        """End because the reader was cancelled, or the stream was."""
        if isinstance(error, StreamCancelled) and self._first_token is not None:
            error.partial, error.usage = self._decoder.partial(), self._decoder.usage
        self._close("closed", error)

    def _close(self, ended: Ended, error: BaseException | None) -> None:
        """End the stream, once, whichever way it ends; the connection is not waited for."""
        if self._ended:
            return
        self._ended = True
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.abort(StreamCancelled("the stream was closed") if ended == "closed" else None)
        self._frames = None
        if ended == "closed":
            self._ready.clear()
        self._ending = ended, error if ended == "failed" else None, self._elapsed()
        for listener in reversed(self._on_close):
            self._tell(listener)

    def on_close(self, listener: Callable[[Outcome], None]) -> None:
        """Call `listener` with the outcome when the stream ends, exactly once, on every way to end.

        It sees the context variables as they are now, whoever closes the stream. An exception of its is logged.

        A short answer may have ended before anybody could ask: the listener is then called at once.
        """
        if self._ending is None:
            context = copy_context()
            self._on_close.append(lambda outcome: context.run(listener, outcome))
        else:
            self._tell(listener)

    def _tell(self, listener: Callable[[Outcome], None]) -> None:
        assert self._ending is not None
        ended, error, elapsed = self._ending
        outcome = Outcome(
            ended=ended,
            error=error,
            usage=self.usage,
            finish_reason=self.finish_reason,
            chunks=self._chunks,
            first_token=self._first_token,
            elapsed=elapsed,
            origin=self.origin,
            partial=self._decoder.partial,
        )
        try:
            listener(outcome)
        except Exception:
            # The stream has ended in its own way, which a listener must not change.
            _logger.exception("a listener to the end of a stream failed")

    async def aclose(self) -> None:
        """Close the connection, unless the answer has ended. May be called again, from another task or another loop."""
        self._leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        """Close because the reader is gone: from a loop that was left, or with the stream itself, in any thread."""
        if self._ended or self._process != os.getpid():  # a forked child has no part in its parent's connections
            return
        if not self._loop.is_closed() and asyncio._get_running_loop() is not self._loop:
            try:
                self._loop.call_soon_threadsafe(self._close, "closed", None)
                return
            except RuntimeError:  # closed just now
                pass
        self._close("closed", None)

    def __del__(self) -> None:
        if getattr(self, "_ended", True) or self._process != os.getpid():
            return
        cancelled = self._exchange is not None and self._exchange.aborted
        self._leave()  # first: a warning may be an error
        if not cancelled:
            message = f"a stream was dropped before its end; it was opened at {self._opened_at}"
            warnings.warn(message, ResourceWarning, stacklevel=2)

    # -- account

    @property
    def usage(self) -> Usage | None:
        """The tokens the provider counted, as far as it has told; never an estimate."""
        return self._decoder.usage

    @property
    def finish_reason(self) -> str | None:
        """The finish reason of the first choice, or None before it has come."""
        return self._decoder.finish_reason

    @property
    def finish_inferred(self) -> bool:
        """Whether the answer ended with an end marker but without a finish reason."""
        return self._ended and self._decoder.done and not self._decoder.finished

    @property
    def closed(self) -> bool:
        """Whether the stream has ended, one way or another; chunks may still be ready to be read."""
        return self._ended

    @property
    def bytes(self) -> int:
        """How many bytes of the body were read, as they came over the wire."""
        return self._reader.bytes if self._reader is not None else 0

    @property
    def first_token(self) -> float | None:
        """Seconds from the start of the call to the first content."""
        return self._first_token

    @property
    def origin(self) -> Origin:
        """Where the answer came from; its `cost(usage)` prices it."""
        return self._origin

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts of the call, in the order of their beginning: this one, and what was tried beside it."""
        return tuple(self._attempts)

    @property
    def request_id(self) -> str | None:
        """The provider's id of the request."""
        return request_id(self.head.headers)

    @property
    def _hidden_params(self) -> dict[str, Any]:
        """LiteLLM's name for what is known beside the answer."""
        return self._origin.hidden_params(self.usage)

    def _elapsed(self) -> float:
        return self._loop.time() - self._started

    def __repr__(self) -> str:
        state = "ended" if self._ended else "open"
        return f"<{type(self).__name__} {self.provider}/{self.model} {state}, {self._chunks} chunks>"


class ChunkStream(AnswerStream[ModelResponseStream, ModelResponse]):
    """The chunks of one answer: an asynchronous iterator that closes its connection when it is left.

        stream = await aiollm.acompletion(model="openai/gpt-4o", messages=messages, stream=True)
        async for chunk in stream:
            print(chunk.choices[0].delta.content or "", end="")

    Leaving the loop, by `break`, `return` or an exception, closes the connection at once, even while a variable still
    holds the stream; so do `aclose()`, `async with` and cancelling the task that reads. `anext(stream)` reads one
    chunk and goes on later.

    The stream ends only when the answer does: with a finish reason or the provider's end marker. Anything else raises,
    after the chunks that did come; the error's `partial` is the answer so far.

    Attributes:
        model: the model asked for, as the provider knows it.
        provider: the provider's name.
        head: status and headers of the reply.
        response: the whole answer, when it came as a whole.
    """

    @staticmethod
    def _account_of(response: ModelResponse) -> WholeAnswer[ModelResponse]:
        return WholeAnswer(response, response.usage, response.choices[0].finish_reason if response.choices else None)


class _Iteration(Generic[Piece]):
    """One `async for`. It lives as long as the statement does, and closes the stream when it is dropped."""

    __slots__ = ("_ready", "_stream")

    def __init__(self, stream: AnswerStream[Piece, Any]) -> None:
        self._stream = stream
        self._ready = stream._ready

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Piece:
        # The usual case costs one call and no trip to the loop: a read gives many chunks.
        if not self._ready:
            await self._stream._fill()
            if not self._ready:
                raise self._stream._end()
        return self._ready.popleft()

    def __del__(self) -> None:
        self._stream._leave()


def _caller() -> str:
    """Return the line outside this package that is running."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("aiollm."):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"

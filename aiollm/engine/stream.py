"""The stream that users hold: the chunks of one answer, however it comes, closed when it is left."""

# The source of a stream, which users do not see, is shared by the engine.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import warnings
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextvars import copy_context
from types import TracebackType
from typing import Any, Generic, NoReturn, Self, TypeVar

from aiollm import structured
from aiollm.core.process import PROCESS
from aiollm.dialects.errors import request_id
from aiollm.engine.attempt import Attempt
from aiollm.engine.broadcast import SlowReaders
from aiollm.engine.call import Call
from aiollm.engine.coalesced import coalesce
from aiollm.engine.derived import Derived
from aiollm.engine.outcome import Outcome
from aiollm.engine.source import AnswerSource
from aiollm.engine.stats import StreamStats
from aiollm.engine.tee import TEE_BYTES, tee
from aiollm.engine.whole import Account, WholeSource
from aiollm.exceptions import APIError, StreamCancelled
from aiollm.outbound.chat_frames import chat_payload
from aiollm.outbound.failure import failure_of
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.origin import Origin
from aiollm.types.response import ModelResponse
from aiollm.types.usage import Usage
from aiollm.wire.alike import AlikeEvents, Run
from aiollm.wire.frame import Frame
from aiollm.wire.http import ReplyHead

__all__ = ["AnswerStream", "ChunkStream", "text_in"]

Piece = TypeVar("Piece")
Whole = TypeVar("Whole")
T = TypeVar("T")


class AnswerStream(ABC, Generic[Piece, Whole]):
    """What streams of every API share; `ChunkStream` says what users may rely on."""

    def __init__(self, source: AnswerSource[Piece, Whole]) -> None:
        self._source = source
        self._process = PROCESS.id
        self._closer: asyncio.Task[Any] | None = None

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
        return cls(WholeSource(call, head, origin, response, cls._account_of(response), chunks))

    @staticmethod
    @abstractmethod
    def _account_of(response: Whole) -> Account:
        """Return the account of a whole answer, in the terms of chat."""

    # -- reading

    def __aiter__(self) -> _Iteration[Piece]:
        return _Iteration(self)

    async def __anext__(self) -> Piece:
        source = self._source
        if not source.ready:
            await source.fill()
            if not source.ready:
                raise self._over()
        return source.ready.popleft()

    def __iter__(self) -> NoReturn:
        raise TypeError("this stream is asynchronous: iterate it with `async for`, or use its blocking twin")

    async def next_batch(self) -> list[Piece]:
        """Return the next chunks, of one read of the socket at the most; an empty list at the end of the answer.

        Raises as iterating does. Cancelling closes the connection.
        """
        source = self._source
        if not source.ready:
            await source.fill()
        batch = list(source.ready)
        source.ready.clear()
        if not batch and not isinstance(end := self._over(), StopAsyncIteration):
            raise end
        return batch

    def _over(self) -> BaseException:
        """Return what says that nothing more comes: to a loop that another task has ended, once, that it did."""
        closer, self._closer = self._closer, None
        if closer is None or closer is asyncio.current_task():
            return self._source.over()
        return StreamCancelled("the stream was closed by another task")

    def taken_frames(self) -> list[Frame] | None:
        """Return the events behind the chunks that came since the last time, as they came.

        None where they are not kept: the call did not ask for it, or the answer is put together of several.
        """
        return self._source.taken_frames()

    def expect(self, alike: AlikeEvents) -> None:
        """Have `next_batch` give such events as they came, a `Run` of them at a time, where they come from the wire.

        The account counts them as if each had been read. It is for those who hand an answer on: nobody else may read a
        stream that gives runs.
        """
        self._source.expect(alike)

    def pass_runs(self, write: Callable[[Run], bytes], send: Callable[[bytes], bool]) -> Awaitable[None]:
        """Give `send` what `write` makes of the next events, as they are received, for as long as that returns true.

        No task is woken for them, which is most of what an event that comes alone costs. It returns, or does nothing,
        where `next_batch` is to tell: of other events than are expected, of the end, and of a fault.

        Raises what these raise, and closes the connection then. So does cancelling.
        """
        return self._source.pass_runs(write, send)

    async def read_out(self) -> None:
        """Read to the end, for the account and the whole answer alone, which `on_close` has.

        It takes less than reading as it comes, because it lets chunks gather for up to a quarter of a second. How an
        answer came is then not to be seen in `stats`.

        Raises as iterating does. Cancelling closes the connection.
        """
        while await self.next_batch():
            await self._source.pause()

    async def final(self) -> Whole:
        """Read to the end, and return the whole answer, what was read before included.

        Raises:
            StreamCancelled: the stream was left before its end.
            APIError: as iterating does.

        Cancelling closes the connection.
        """
        while await self.next_batch():
            pass
        return self._whole()

    def tee(self, count: int = 2, *, slow: SlowReaders = "wait", max_bytes: int = TEE_BYTES) -> tuple[Self, ...]:
        """Return several streams of this answer, which is still read once. This one is not to be read any more.

        Each has what has not been read yet, as copies, at its own pace and with its own ending. One that is left
        touches no other; when the last is left, the connection is closed. The answer is read in a task of its own.

        Args:
            count: how many.
            slow: what becomes of a reader that falls behind: with "wait" the others wait for it, so each needs a task
                of its own, or the first to be read waits for ever once an answer is longer than `max_bytes`. With
                "drop" it gets `ReaderTooSlow`, after what it has, and holds up nobody.
            max_bytes: how far behind, in bytes of the body; they are the most that is kept.

        Raises:
            ValueError: an argument is out of its range.
            WrongLoopError: this is not the stream's own event loop.
        """
        return tee(self, count, slow, max_bytes)

    def _whole(self) -> Whole:
        """Return the answer of a stream that was read to its end."""
        answer = self._source.partial() if self._source.complete else None
        if answer is None:
            raise StreamCancelled("the stream was closed before its end, so there is no whole answer")
        return answer

    # -- ending

    def on_close(self, listener: Callable[[Outcome], None]) -> None:
        """Call `listener` with the outcome when the stream ends, exactly once, on every way to end.

        It sees the context variables as they are now, whoever closes the stream. An exception of its is logged.

        A short answer may have ended before anybody could ask: the listener is then called at once.
        """
        context = copy_context()
        self._source.notify(listener if self._source.ended else lambda outcome: context.run(listener, outcome))

    def notify(self, listener: Callable[[Outcome], None]) -> None:
        """Call `listener` as `on_close` does, but with the context variables of whoever ends the stream."""
        self._source.notify(listener)

    async def aclose(self) -> None:
        """Close the connection, unless the answer has ended. May be called again, from another task or another loop.

        Where another task reads, its loop does not just end: it raises `StreamCancelled`, for it has not left it.
        """
        if not self._source.ended:
            self._closer = asyncio.current_task()
        self._leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        """Close because the reader is gone: from a loop that was left, or with the stream itself, in any thread."""
        source = self._source
        if source.ended or self._process != PROCESS.id:  # a forked child has no part in its parent's connections
            return
        if not source.loop.is_closed() and asyncio._get_running_loop() is not source.loop:
            try:
                source.loop.call_soon_threadsafe(source.close, "closed")
                return
            except RuntimeError:  # closed just now
                pass
        source.close("closed")

    def __del__(self) -> None:
        source = getattr(self, "_source", None)
        if source is None or source.ended or self._process != PROCESS.id:
            return
        self._leave()  # first: a warning may be an error
        message = f"a stream was dropped before its end; it was opened at {self._source.place}"
        warnings.warn(message, ResourceWarning, stacklevel=2)

    # -- account

    @property
    def model(self) -> str:
        """The model asked for, as the provider knows it."""
        return self._source.model

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self._source.provider

    @property
    def head(self) -> ReplyHead:
        """Status and headers of the reply."""
        return self._source.head

    @property
    def response(self) -> Whole | None:
        """The whole answer, when it came as a whole."""
        return self._source.response

    @property
    def usage(self) -> Usage | None:
        """The tokens the provider counted, as far as it has told; never an estimate."""
        return self._source.usage

    @property
    def finish_reason(self) -> str | None:
        """The finish reason of the first choice, or None before it has come."""
        return self._source.finish_reason

    @property
    def finish_inferred(self) -> bool:
        """Whether the answer ended with an end marker but without a finish reason."""
        return self._source.finish_inferred

    @property
    def closed(self) -> bool:
        """Whether the stream has ended, one way or another; chunks may still be ready to be read."""
        return self._source.ended

    @property
    def bytes(self) -> int:
        """How many bytes of the body were read, as they came over the wire."""
        return self._source.bytes

    @property
    def chunks(self) -> int:
        """How many chunks have come, read or not."""
        return self._source.chunks

    @property
    def first_token(self) -> float | None:
        """Seconds from the start of the call to the first content."""
        return self._source.first_token

    @property
    def stats(self) -> StreamStats:
        """How the stream came, so far: first content, gaps and stalls, speed. It is worked out when this is asked."""
        return self._source.stats()

    @property
    def origin(self) -> Origin:
        """Where the answer came from; its `cost(usage)` prices it."""
        return self._source.origin

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts of the call, in the order of their beginning: this one, and what was tried beside it."""
        return tuple(self._source.attempts)

    @property
    def request_id(self) -> str | None:
        """The provider's id of the request."""
        return request_id(self.head.headers)

    @property
    def _hidden_params(self) -> dict[str, Any]:
        """LiteLLM's name for what is known beside the answer."""
        return self._source.hidden_params

    def __repr__(self) -> str:
        state = "ended" if self.closed else "open"
        return f"<{type(self).__name__} {self.provider}/{self.model} {state}, {self._source.chunks} chunks>"


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
    """

    def text(self) -> AsyncIterator[str]:
        """Iterate over the text of the first choice, piece by piece; leaving the loop closes the connection.

        An answer that begins again (`mid_stream="restart"`) does so in its text, without a word: read the chunks then.
        """
        return _Texts(self)

    def tool_arguments(self) -> Derived[structured.ToolArguments]:
        """Iterate over the arguments of function calls as they grow; leaving the loop closes the connection.

        Each chunk of a call gives an event with what it adds, whose `value` is what there is of the arguments; each
        call gives one more when they are whole, with `complete`.

        It raises as iterating does, and:

        Raises:
            ToolCallIncomplete: arguments are no JSON, or break off.
            EventTooLarge: they are longer or deeper than their limit.
        """
        return Derived(aiter(self), self._source, structured.ToolArgumentsReader())

    def parsed(self, kind: type[T]) -> Derived[T]:
        """Iterate over the first choice's answer as an object of a class; leaving the loop closes the connection.

            stream = await aiollm.acompletion(model, messages, response_format=Recipe, stream=True)
            async for recipe in stream.parsed(Recipe):
                print(recipe.title)

        Each chunk of text gives a new draft, which is not checked: what has not come has its default, or else is None.
        The last object is the answer, checked as the class does; `await stream.parsed(Recipe).final()` gives only that.

        It raises as iterating does, and:

        Raises:
            TypeError: `kind` is no pydantic, attrs or msgspec class, dataclass or TypedDict.
            APIResponseValidationError: the answer is not as the class says; or the model refused, or ran out of tokens.
        """
        return Derived(aiter(self), self._source, structured.StructuredReader(kind))

    def coalesce(self, *, ms: float) -> Self:
        """Return a stream of this answer with fewer chunks. This one is not to be read any more.

        The first text comes at once; text that comes within `ms` milliseconds of text that was given comes with what
        follows it, as one chunk, when they are over. Nothing else waits, and text never joins across it: an end, a tool
        call, the usage. The answer is read in a task of its own, and ends as it would have.

        Args:
            ms: the longest that text is held back, in milliseconds.

        Raises:
            ValueError: `ms` is out of its range.
            WrongLoopError: this is not the stream's own event loop.
        """
        return coalesce(self, ms)

    def events(self) -> AsyncIterator[dict[str, Any]]:
        """Iterate over what a client of this program is to be sent: chunks as OpenAI's own server writes them.

        They are plain objects for any response of server-sent events, such as FastAPI's own. An answer that breaks off
        ends in `{"error": {...}}`, with a `code` and `retryable` and without the names of servers, and raises nothing:
        the head of the response has gone out by then. Leaving the loop closes the connection.
        """
        return _Payloads(self)

    @staticmethod
    def _account_of(response: ModelResponse) -> Account:
        return Account(response.usage, response.choices[0].finish_reason if response.choices else None)


class _Iteration(Generic[Piece]):
    """One `async for`. It lives as long as the statement does, and closes the stream when it is dropped."""

    __slots__ = ("_fill", "_ready", "_stream")

    def __init__(self, stream: AnswerStream[Piece, Any]) -> None:
        self._stream = stream
        self._ready = stream._source.ready
        self._fill = stream._source.fill

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Piece:
        # The usual case costs one call and no trip to the loop: a read gives many chunks.
        if not self._ready:
            await self._fill()
            if not self._ready:
                raise self._stream._over()
        return self._ready.popleft()

    def __del__(self) -> None:
        self._stream._leave()


class _Texts:
    """The text of one `async for`; the iteration behind it closes the stream with it."""

    def __init__(self, stream: ChunkStream) -> None:
        self._chunks = aiter(stream)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        async for chunk in self._chunks:
            if text := text_in(chunk):
                return text
        raise StopAsyncIteration


class _Payloads:
    """The events of one `async for`; the iteration behind it closes the stream with it."""

    def __init__(self, stream: ChunkStream) -> None:
        self._chunks = aiter(stream)
        self._failed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> dict[str, Any]:
        if self._failed:
            raise StopAsyncIteration
        try:
            return chat_payload(await anext(self._chunks))
        except (APIError, StreamCancelled) as error:
            self._failed = True
            return {"error": failure_of(error).members()}


def text_in(chunk: ModelResponseStream) -> str:
    """Return the text that a chunk adds to the first choice."""
    return "".join(choice.delta.content or "" for choice in chunk.choices if choice.index == 0)

"""The source of a streamed answer: bytes in, chunks out, and the truth about how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self, TypeVar

from aiollm.core.reader import FrameReader
from aiollm.core.transport import Exchange
from aiollm.dialects.base import FrameDecoder
from aiollm.dialects.errors import request_id
from aiollm.engine.call import Call
from aiollm.engine.outcome import Ended
from aiollm.engine.redaction import redact, secrets_of
from aiollm.engine.source import AnswerSource
from aiollm.engine.stats import KEPT_ARRIVALS, Arrivals
from aiollm.exceptions import (
    APIError,
    StreamCancelled,
    StreamInterrupted,
    StreamTruncated,
    Timeout,
    UnexpectedContentType,
    WrongLoopError,
)
from aiollm.types.origin import Origin
from aiollm.types.usage import Usage
from aiollm.wire.alike import AlikeEvents, Run
from aiollm.wire.frame import Frame

__all__ = ["TAIL_SECONDS", "WireSource"]

Piece = TypeVar("Piece")
Whole = TypeVar("Whole")

TAIL_SECONDS = 5.0
"""How long the end of the body is waited for once every choice has its finish reason: the answer is whole by then, and
only the usage chunk and the end marker can still come."""

PAUSE_SECONDS = 0.25
"""How long an answer that nobody sees before its end is left to come between two reads: waking a task for a chunk takes
several times what decoding it does."""

# How many frames of a read are decoded at a time. The chunks of all 200 of a large read fill more than the processor's
# cache before the first is used (`benchmarks`, big reads: 11.2 us a chunk, against 8.5 in groups).
_GROUP = range(1, 17)
_FIRST = range(1, 2)  # until the first content: nothing behind it is decoded before it is handed out


class WireSource(AnswerSource[Piece, Whole]):
    """Reads an exchange's body to the answer's own end, by a frame reader and a dialect's decoder."""

    def __init__(
        self,
        call: Call,
        decoder: FrameDecoder[Piece, Whole],
        origin: Origin,
        exchange: Exchange,
        reader: FrameReader,
    ) -> None:
        super().__init__(call, exchange.head, origin)
        self._decoder = decoder
        self._exchange: Exchange | None = exchange
        exchange.on_abort = self._cut_off
        self._reader = reader
        self._secrets = secrets_of(call)
        self._idle = call.scope.timeouts.idle
        self._arrivals = Arrivals()
        self._frames: Iterator[Frame] | None = None  # of the last read, not all decoded yet
        self._kept: list[Frame] | None = [] if call.keeps_frames else None
        self._take_run: Callable[[Run], None] | None = None  # where it gives runs: takes note of one

    async def opened(self) -> Self:
        """Return this source once its first content has come, or raise what came instead.

        Raises:
            APIError: the provider reported an error, a clock ran out, or there was no answer.

        Cancelling closes the connection.
        """
        await self.fill()
        if self.first_token is None and self.error is not None:
            raise self.error
        return self

    # -- reading

    async def fill(self) -> None:
        """Read until a chunk is ready, and until the first content has come, or else to the end of the answer."""
        if self.loop is not asyncio.get_running_loop():
            raise WrongLoopError("the stream belongs to another event loop than the one that is running")
        while not self.ended and (self.first_token is None or not self.ready):
            assert self._exchange is not None
            try:
                if self._decoder.done:
                    await self._complete()
                    break
                if self._frames is None:
                    frames = self._reader.peeked() or self._reader.frames(await self._exchange.read())
                    if self.ended:  # closed by another task while the bytes were on their way to this one
                        raise StreamCancelled("the stream was closed")
                    self._frames = frames
                self._take(self._frames)
                if self._decoder.content:
                    self._content_came()
                if self._reader.at_end and self._frames is None:  # pyright: ignore[reportUnnecessaryComparison]  # _take may have ended them
                    self._body_ended()
            except APIError as error:
                self._fail(error)
            except BaseException as error:
                self._break_off(error)
                raise
            else:
                # What came together with the end marker does not wait for the rest of the body.
                if self._decoder.done and not self.ended and (not self.ready or self._exchange.body_came):
                    await self._complete()

    async def pause(self) -> None:
        # Behind the finish reason there is nothing to gather: what is left comes at once, or never.
        if self._exchange is None or self._frames is not None or self._decoder.finished:
            return
        try:
            await self._exchange.pause(PAUSE_SECONDS)
        except BaseException as error:
            self._break_off(error)
            raise

    async def pass_runs(self, write: Callable[[Run], bytes], send: Callable[[bytes], bool]) -> None:
        exchange, take_run = self._exchange, self._take_run
        if take_run is None or self._frames is not None or self.ready or exchange is None or self._decoder.done:
            return
        reader, decoder, renew_waiting = self._reader, self._decoder, exchange.clocks.renew_waiting
        alike = reader.expected()
        if alike is None:
            return
        whole_run = alike.whole_run

        def received(data: bytes) -> bool:
            run = whole_run(data)
            if run is None:
                self._frames = reader.frames(data)
                return False
            reader.bytes += len(data)
            take_run(run)
            self.chunks += len(run.texts)
            decoder.content = False
            self._note_arrival(renew_waiting())
            return send(write(run))

        try:
            await exchange.pass_on(received)
        except BaseException as error:
            self._break_off(error)
            raise

    def _note_arrival(self, when: float) -> None:
        times = self._arrivals.times
        times.append(when)
        if len(times) == KEPT_ARRIVALS:
            self._arrivals.fold()

    def _take(self, frames: Iterator[Frame]) -> None:
        """Make the chunks of the next frames ready; those before a fault count."""
        before, taken = len(self.ready), 0
        group = _GROUP if self.first_token is not None else _FIRST
        take, feed = self.ready.extend, self._feed
        try:
            for taken, frame in zip(group, frames, strict=False):  # noqa: B007  # looked at below
                take(feed(frame))
            if taken < len(group):
                self._frames = None
        finally:
            self.chunks += len(self.ready) - before

    @property
    def _feed(self) -> Callable[[Frame], Iterable[Any]]:
        if self._kept is not None:
            return self._keep
        return self._decoder.feed if self._take_run is None else self._pass

    def _keep(self, frame: Frame) -> Iterable[Piece]:
        """Give the chunks of a frame, and keep it if it is as the dialect says."""
        assert self._kept is not None
        pieces = list(self._decoder.feed(frame))
        self._kept.append(frame)
        return pieces

    def taken_frames(self) -> list[Frame] | None:
        kept = self._kept
        if kept is not None:
            self._kept = []
        return kept

    def expect(self, alike: AlikeEvents) -> None:
        # Few decoders can. To ask `isinstance` of a protocol takes longer than a frame, and the first is not sent yet.
        take_run: Callable[[Run], None] | None = getattr(self._decoder, "take_run", None)
        if take_run is not None and self._reader.expect(alike):
            self._take_run = take_run
            if self._frames is not None:
                self._frames = alike.joined(self._frames)

    def _pass(self, frame: Frame) -> Iterable[Any]:
        """Give a run as it is, and of any other frame its chunks."""
        if not isinstance(frame, Run):
            return self._decoder.feed(frame)
        assert self._take_run is not None
        self._take_run(frame)
        self.chunks += len(frame.texts) - 1
        return (frame,)

    def _take_rest(self) -> None:
        """Make ready what the decoder held back for the end."""
        before = len(self.ready)
        try:
            self.ready.extend(self._decoder.finish())
        finally:
            self.chunks += len(self.ready) - before

    def _content_came(self) -> None:
        """Start the wait for the next content."""
        self._decoder.content = False
        if self.first_token is None:
            self.first_token: float | None = self.elapsed()
        assert self._exchange is not None
        self._note_arrival(self._exchange.clocks.answered_at)
        if self._decoder.finished:
            self._exchange.clocks.allow("tail", TAIL_SECONDS)
        else:
            self._exchange.clocks.allow("idle", self._idle)

    # -- ending

    def _body_ended(self) -> None:
        self._take_rest()
        if self._decoder.done or self._decoder.finished:
            self.close("complete")
            return
        if not self.chunks and self.head.content_type != self._reader.content_type:
            raise UnexpectedContentType(
                f"{self.provider} answered {self.head.status} with {self.head.content_type or 'an unnamed type'} that "
                "has no event in it",
                status_code=502,
                retryable=True,
                hint="check api_base",
            )
        raise StreamTruncated(
            f"the answer of {self.provider} was cut: the body ended after {self.chunks} chunks, without a finish "
            "reason and without an end marker"
        )

    async def _complete(self) -> None:
        """End at the end marker, and save the connection for another request."""
        exchange, self._exchange = self._exchange, None
        self.close("complete")
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
                self.close("complete")
                return
        opened = self.first_token is not None
        error.phase = "stream" if opened else "first_token"
        error.with_context(
            model=self.model,
            llm_provider=self.provider,
            headers=self.head.headers,
            request_id=request_id(self.head.headers),
            host=self._exchange.host if self._exchange else None,
            attempt=self.attempt,
            attempts=tuple(self.attempts),
            elapsed=self.elapsed(),
            partial=self._decoder.partial() if opened else None,
            usage=self._decoder.usage,
            hint="the answer so far is in `partial`" if opened else None,
        )
        redact(error, self._secrets)
        self.error = error
        self.close("failed", error)

    def _break_off(self, error: BaseException) -> None:
        """End because the reader was cancelled, or the stream was."""
        if isinstance(error, StreamCancelled) and self.first_token is not None:
            error.partial, error.usage = self._decoder.partial(), self._decoder.usage
        self.close("closed")

    def _cut_off(self, reason: BaseException) -> None:
        """End while nobody reads; the reader gets what has come, and then the reason if the answer was not whole."""
        if self.ended:
            return
        try:
            while self._frames is not None:
                self._take(self._frames)
        except APIError as error:
            reason = error
        if self._decoder.done:
            self.close("complete")
        elif isinstance(reason, APIError):
            self._fail(reason)
        else:
            self.error: BaseException | None = reason
            self._break_off(reason)

    def _release(self, ended: Ended) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.abort(StreamCancelled("the stream was closed") if ended == "closed" else None)
        self._frames = None

    # -- account

    def partial(self) -> Whole | None:
        return self._decoder.partial()

    @property
    def usage(self) -> Usage | None:
        return self._decoder.usage

    @property
    def finish_reason(self) -> str | None:
        return self._decoder.finish_reason

    @property
    def finish_inferred(self) -> bool:
        return self.ended and self._decoder.done and not self._decoder.finished

    @property
    def bytes(self) -> int:
        return self._reader.bytes

    @property
    def arrivals(self) -> Arrivals:
        return self._arrivals

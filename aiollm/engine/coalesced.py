"""The source of a stream with fewer chunks: those that come soon after one another are one."""

# The source of a stream, which users do not see, is shared by the engine.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from aiollm.engine.broadcast import AHEAD_BYTES
from aiollm.engine.handed_on import hand_on
from aiollm.engine.outcome import Ended
from aiollm.engine.second_hand import SecondHandSource
from aiollm.engine.text_chunks import is_text, joined, joins
from aiollm.exceptions import StreamCancelled, WrongLoopError
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import ModelResponse

if TYPE_CHECKING:  # whose method this is
    from aiollm.engine.stream import AnswerStream

__all__ = ["coalesce"]

Stream = TypeVar("Stream", bound="AnswerStream[ModelResponseStream, ModelResponse]")


def coalesce(stream: Stream, ms: float) -> Stream:
    """Return a stream of the same answer, as `ChunkStream.coalesce` describes it."""
    if not 0 < ms < math.inf:
        raise ValueError(f"ms must be a number of milliseconds above 0; got {ms!r}")
    if asyncio._get_running_loop() is not stream._source.loop:
        raise WrongLoopError("the chunks of a stream are joined on its own event loop, while that is running")
    return type(stream)(CoalescedSource(hand_on(stream), ms / 1000))


class CoalescedSource(SecondHandSource[ModelResponseStream, ModelResponse]):
    """Reads a stream in a task of its own, and gives what has come by the end of each window.

    The task ends with the stream, which is closed with this source.

    Args:
        stream: what is read.
        window: seconds for which text is held back after text was given.
    """

    def __init__(self, stream: AnswerStream[ModelResponseStream, ModelResponse], window: float) -> None:
        super().__init__(stream._source.call, stream._source)
        self._stream = stream
        self._window = window
        self._due = 0.0  # when text may be given again, in the loop's time
        self._line: deque[list[ModelResponseStream]] = deque()  # what has come; the chunks of an entry are one
        self._text: list[ModelResponseStream] | None = None  # the last entry, where more text may join it
        self._urgent = False  # whether something in it does not wait
        self._over = False
        self._failure: BaseException | None = None
        self._bytes_given = 0
        self._room = asyncio.Event()
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None  # while it waits for the end of the window
        self._task = self.loop.create_task(self._read())

    # -- the task

    async def _read(self) -> None:
        """Read the stream to its end, as far ahead of the reader as `AHEAD_BYTES`."""
        try:
            while batch := await self._stream.next_batch():
                for chunk in batch:
                    self._put(chunk)
                if self._urgent or self._timer is None:  # else the timer wakes the reader soon
                    self._wake()
                while self._is_full and not self.ended:
                    self._wake()
                    self._room.clear()
                    await self._room.wait()
        except asyncio.CancelledError:
            self._failure = StreamCancelled("the task that reads the stream was cancelled")
            raise
        except Exception as error:  # noqa: BLE001  # it is raised at the reader's end
            self._failure = error
        finally:
            self._over = True
            self._shared.close("closed")
            self._wake()

    def _put(self, chunk: ModelResponseStream) -> None:
        if not is_text(chunk):
            self._line.append([chunk])
            self._text, self._urgent = None, True
        elif self._text is not None and joins(self._text[0], chunk):
            self._text.append(chunk)
        else:
            self._text = [chunk]
            self._line.append(self._text)

    # -- reading

    async def fill(self) -> None:
        self._check_loop()
        while not self.ended and not self.ready:
            if self._line and (self._urgent or self._over or self._is_full or self.loop.time() >= self._due):
                self._give()
            elif self._over:
                self._finish(self._failure)
            else:
                await self._woken()

    def _give(self) -> None:
        """Make ready what has come."""
        chunks = [joined(pieces) for pieces in self._line]
        self._line.clear()
        self._text, self._urgent = None, False
        self._follow()
        self._bytes_given = self._stream.bytes
        self._room.set()
        self.ready.extend(chunks)
        self.chunks += len(chunks)
        if any(map(is_text, chunks)):
            self._due = self.loop.time() + self._window

    @property
    def _is_full(self) -> bool:
        """Whether as much as may wait does."""
        return self._stream.bytes - self._bytes_given > AHEAD_BYTES

    async def _woken(self) -> None:
        """Wait for the end of the window if something has come, else for something to come."""
        self._waiter = self.loop.create_future()
        self._timer = self.loop.call_at(self._due, self._wake) if self._line else None
        try:
            await self._waiter
        except BaseException:
            self.close("closed")
            raise
        finally:
            self._waiter = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        if self.ended:  # by another task
            raise StreamCancelled("the stream was closed")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- ending, account

    def _release(self, ended: Ended) -> None:
        self._shared.close("closed")
        if not self.loop.is_closed():
            self._room.set()
            self._wake()

    @property
    def bytes(self) -> int:
        return self._bytes_given

"""The source of an answer that is taken up again when it breaks off."""

# The source of a stream, which users do not see, is shared by the engine.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aiollm.engine.call import Call
from aiollm.engine.outcome import Ended, Outcome
from aiollm.engine.seam import Seam
from aiollm.engine.second_hand import SecondHandSource
from aiollm.engine.stream import ChunkStream
from aiollm.exceptions import APIError, StreamCancelled
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import ModelResponse
from aiollm.types.usage import Usage

__all__ = ["JoinedSource", "Part", "TakeUp"]


class Part(NamedTuple):
    """What an answer goes on with.

    Attributes:
        stream: the new part, its first content come.
        marker: the chunk that says so.
        seam: how it joins what came before; None where that is void.
    """

    stream: ChunkStream
    marker: ModelResponseStream
    seam: Seam | None


TakeUp = Callable[[APIError, tuple[Usage | None, ...]], Awaitable[Part | APIError]]
"""Gets the error that an answer broke off with, and what was counted of each part of it; returns what to go on with,
or the error to end with."""


class JoinedSource(SecondHandSource[ModelResponseStream, ModelResponse]):
    """Reads one stream after another, each of which goes on where the one before broke off.

    It owns the streams: they are closed with it. While it waits for a new one, closing it cancels the call's scope.

    Args:
        call: the call that they all belong to.
        first: the stream to begin with.
        take_up: what to do when one breaks off.
    """

    def __init__(self, call: Call, first: ChunkStream, take_up: TakeUp) -> None:
        super().__init__(call, first._source)
        self._scope = call.scope
        self._take_up = take_up
        self._reading = False
        self._taking_up = False
        self._bytes_before = 0
        self._go_on_with(first, None)

    def _go_on_with(self, part: ChunkStream, seam: Seam | None) -> None:
        self._part, self._seam = part, seam
        self._shared = part._source
        self._follow()
        if seam is not None and self.response is not None:
            self.response = seam.response(self.response)
        part.notify(self._part_ended)

    # -- reading

    async def fill(self) -> None:
        """Read until a chunk is ready, or the answer ends for good."""
        self._check_loop()
        self._reading = True
        try:
            while not self.ended and not self.ready:
                await self._read()
        finally:
            self._reading = False

    async def _read(self) -> None:
        try:
            batch = await self._part.next_batch()
        except APIError as error:
            self._hand_out_rest()
            self._of_the_whole(error)
            await self._broke_off(error)
        except StreamCancelled as error:
            self._of_the_whole(error)
            self.close("closed")
            raise
        except BaseException:
            self.close("closed")
            raise
        else:
            if not self.ended:  # by another task, while the end of the body was waited for
                self._take(batch)

    def _take(self, batch: list[ModelResponseStream]) -> None:
        self._hand_out(batch if self._seam is None else self._seam.chunks(batch))
        if self._shared.settled:
            self._hand_out_rest()
            self.close("complete")

    def _hand_out(self, chunks: list[ModelResponseStream]) -> None:
        self.ready.extend(chunks)
        self.chunks += len(chunks)

    def _hand_out_rest(self) -> None:
        if self._seam is not None:
            self._hand_out(self._seam.rest(self.model))

    async def _broke_off(self, error: APIError) -> None:
        """Go on with another part, or end."""
        counted = (*(self._seam.counted if self._seam is not None else ()), self._part.usage)
        self._taking_up = True
        try:
            end = await self._take_up(error, counted)
        except StreamCancelled as cancelled:
            cancelled.partial, cancelled.usage = error.partial, error.usage
            self.close("closed")
            raise
        except BaseException:
            self.close("closed")
            raise
        finally:
            self._taking_up = False
        if isinstance(end, APIError):
            self.error = end
            self.close("failed", end)
        elif self.ended:  # by another task, just as the new part began
            await end.stream.aclose()
        else:
            # Nobody will see it any more, and its frames hold the stream, which would not end when it is dropped.
            error.__traceback__ = error.__cause__ = error.__context__ = None
            self._bytes_before += self._part.bytes
            self._go_on_with(end.stream, end.seam)
            self._hand_out([end.marker])

    def _part_ended(self, outcome: Outcome) -> None:
        """End with a part that was ended from outside while nobody read; nothing takes up what was."""
        if self.ended or self._reading:
            return
        part = self._shared
        self._take(list(part.ready))
        part.ready.clear()
        if self.ended:
            return
        self._hand_out_rest()
        end = part.over()
        self.error: BaseException | None = end
        if isinstance(end, APIError | StreamCancelled):
            self._of_the_whole(end)
        self.close(outcome.ended, outcome.error)

    def _of_the_whole(self, error: APIError | StreamCancelled) -> None:
        """Let an error of a part tell of all parts."""
        if self._seam is not None:
            error.partial = self._seam.response(error.partial)
            error.usage = self._seam.usage(error.usage)

    def partial(self) -> ModelResponse | None:
        part = super().partial()
        return part if self._seam is None else self._seam.response(part)

    def _release(self, ended: Ended) -> None:
        self._shared.close("closed")
        if self._taking_up:
            self._scope.cancel("the stream was closed")

    # -- account

    @property
    def usage(self) -> Usage | None:
        return self._part.usage if self._seam is None else self._seam.usage(self._part.usage)

    @property
    def hidden_params(self) -> dict[str, Any]:
        if self._seam is None:
            return super().hidden_params
        # Its parts may be of models with other prices.
        costs = [attempt.cost for attempt in self.attempts if attempt.origin is not None]
        return {**super().hidden_params, "response_cost": None if None in costs else math.fsum(filter(None, costs))}

    @property
    def bytes(self) -> int:
        return self._bytes_before + self._part.bytes

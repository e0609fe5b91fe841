"""One stream for several readers: read once, and given to each of them from the beginning."""

# The source of a stream, which users do not see, is shared by the engine.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections import deque
from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import msgspec

from aiollm.engine.call import Call
from aiollm.engine.outcome import Ended
from aiollm.engine.second_hand import SecondHandSource
from aiollm.engine.shared_pieces import SharedPieces
from aiollm.engine.source import AnswerSource
from aiollm.exceptions import APIError, ReaderTooSlow, StreamCancelled
from aiollm.types.origin import Origin

if TYPE_CHECKING:  # which offers `tee`, made of this
    from aiollm.engine.stream import AnswerStream

__all__ = ["AHEAD_BYTES", "BEHIND_BYTES", "Broadcast", "SlowReaders", "own_copy"]

Stream = TypeVar("Stream", bound="AnswerStream[Any, Any]")
E = TypeVar("E", bound=BaseException)

AHEAD_BYTES = 256 * 1024
"""How many bytes of the body may wait for the fastest reader before the socket is no longer read."""

BEHIND_BYTES = 1024 * 1024
"""How many bytes of the body a reader may be behind; also how long a beginning is kept for readers still to come."""

SlowReaders = Literal["wait", "drop"]
"""What becomes of a reader that falls behind: the others wait for it, or it is dropped, and told so."""


class _Batch(msgspec.Struct, frozen=True, eq=False):
    pieces: SharedPieces
    ends_at: int  # in bytes of the body


class Broadcast(Generic[Stream]):
    """Reads a stream, and lets any number of readers have it, each at its own pace and with its own ending.

    The fastest reader sets the pace: the socket is read as it reads. One that falls too far behind it gets an error
    that says so: it does not hold up the others, and misses nothing without being told. Or, if they wait for each
    other, the slowest sets the pace. When the last reader has left, the connection is closed at once.

    Args:
        stream: what is read; it is the broadcast's from now on.
        slow: what becomes of a reader that falls behind.
        behind_bytes: how far, in bytes of the body.

    Attributes:
        over: whether nothing more comes.
        error: what the stream ended with, or None.
    """

    def __init__(self, stream: Stream, slow: SlowReaders = "drop", behind_bytes: int = BEHIND_BYTES) -> None:
        self.stream = stream
        self._slow = slow
        self._behind_bytes = behind_bytes
        self.over: bool = stream.closed and not stream._source.ready  # a whole answer to a call that does not stream
        self.error: Exception | None = None
        self._readers: set[_Reader] = set()
        self._batches: deque[_Batch] = deque()
        self._dropped = 0  # batches that nobody needs any more
        self._bytes = 0
        self._room = asyncio.Event()
        self._abandoned = False
        self._sealed = False
        self._task: asyncio.Task[None] | None = None  # held here, as the loop holds tasks weakly

    @property
    def joinable(self) -> bool:
        """Whether another reader would get all of the answer, so far as anybody can tell."""
        return not (self._abandoned or self._sealed) and self.error is None and self._bytes <= self._behind_bytes

    def start(self) -> None:
        """Read in a task of its own, for those who have joined; nobody else can, so nothing is kept for others."""
        self._sealed = True
        self._task = self.stream._source.loop.create_task(self.run())

    def join(self, call: Call) -> Stream:
        """Return a stream of one's own: the pieces are copies; its clock `total` and its scope are those of `call`."""
        reader = _Reader(call, self)
        self._readers.add(reader)
        if self.over and not self._batches:
            reader.close("complete")
        return type(self.stream)(reader)

    async def run(self) -> None:
        """Read the stream to its end, or until nobody is left. Somebody must have joined before."""
        taken = 0
        try:
            while self._readers and (batch := await self.stream.next_batch()):
                self._append(batch, self.stream.bytes - taken)
                taken = self.stream.bytes
                while self._readers and self._is_full():
                    self._room.clear()
                    await self._room.wait()
            if not self.stream._source.complete:
                self.error = StreamCancelled("the stream was closed")
        except asyncio.CancelledError:
            self.error = StreamCancelled("the task that reads for all who share the answer was cancelled")
            raise
        except Exception as error:  # noqa: BLE001  # it is raised at each reader's end
            self.error = error
        finally:
            self.over = True
            self.stream._source.close("closed")
            for reader in self._readers:
                reader.wake()

    def take(self, reader: _Reader) -> list[Any]:
        """Return the next pieces as a reader's own; [] when there are none yet."""
        index = reader.position - self._dropped
        if index == len(self._batches):
            return []
        batch = self._batches[index]
        reader.position += 1
        reader.bytes_read = batch.ends_at
        self._room.set()
        self._forget()
        return batch.pieces.take(reader.followed, reader.origin, last=self._dropped == reader.position)

    def leave(self, reader: _Reader) -> None:
        """Let a reader go, and close the connection after the last."""
        self._readers.discard(reader)
        if not reader.loop.is_closed():
            self._room.set()
        if not self._readers and not self.over:
            self._abandoned = True
            self.stream._source.close("closed")
        self._forget()

    def _append(self, pieces: list[Any], size: int) -> None:
        before, number = self._bytes, self._dropped + len(self._batches)
        self._bytes += size
        self._batches.append(_Batch(SharedPieces(pieces), self._bytes))
        for reader in list(self._readers):
            # A single event may be as large: whoever is one batch behind is not slow.
            behind = before - reader.bytes_read > self._behind_bytes and number - reader.position > 1
            if behind and self._slow == "drop":
                reader.leave(_too_slow(self._behind_bytes))
            reader.wake()
        self._forget()

    def _is_full(self) -> bool:
        """Whether enough waits for the reader that sets the pace."""
        if self._slow == "wait":
            return self._bytes - min(reader.bytes_read for reader in self._readers) >= self._behind_bytes
        return self._lead() > AHEAD_BYTES

    def _lead(self) -> int:
        """Return how many bytes the fastest reader has before it."""
        return self._bytes - max(reader.bytes_read for reader in self._readers)

    def _forget(self) -> None:
        """Drop what all have read, once nobody else can join."""
        if self.joinable:
            return
        needed = min((reader.position for reader in self._readers), default=self._dropped + len(self._batches))
        while self._dropped < needed:
            self._batches.popleft()
            self._dropped += 1


class _Reader(SecondHandSource[Any, Any]):
    """The source of one of those who share a stream.

    Attributes:
        position: how many batches it has read.
        bytes_read: how many bytes of the body they were.
        followed: the origin of which the reader's own is a copy.
    """

    def __init__(self, call: Call, broadcast: Broadcast[Any]) -> None:
        shared: AnswerSource[Any, Any] = broadcast.stream._source
        self.followed: Origin | None = None
        super().__init__(call, shared)
        if call is not shared.call:
            self.first_token: float | None = self.elapsed()
        self.position = 0
        self.bytes_read = 0
        self._broadcast = broadcast
        self._waiter: asyncio.Future[None] | None = None
        deadline = call.scope.deadline
        self._timer = None if deadline is None else self.loop.call_at(deadline, self._expired)
        call.scope.attach(self)

    def _follow(self) -> None:
        own = self.origin, self.response
        super()._follow()
        if self.origin is self.followed:
            self.origin, self.response = own
        else:
            self.followed, self.origin = self.origin, self.origin.copy()
            self.response = self._copied(self.response)

    async def fill(self) -> None:
        self._check_loop()
        while not self.ended and not self.ready:
            if self._take():
                continue
            if not self._broadcast.over:
                await self._woken()
            elif self._broadcast.error is None:
                self.close("complete")
            else:
                self._end(own_copy(self._broadcast.error))

    def _take(self) -> bool:
        """Make the next batch ready, if there is one."""
        self._follow()
        pieces = self._broadcast.take(self)
        self.ready.extend(pieces)
        self.chunks += len(pieces)
        return bool(pieces)

    async def _woken(self) -> None:
        self._waiter = self.loop.create_future()
        try:
            await self._waiter
        except BaseException:
            self.close("closed")
            raise
        finally:
            self._waiter = None
        if self.ended and self.error is None:  # by another task
            raise StreamCancelled("the stream was closed")

    def wake(self) -> None:
        """Let it see what is new."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def abort(self, reason: BaseException) -> None:
        """Leave the others at once; the reader gets the reason after what has come."""
        if not self.ended:
            while self._take():
                pass
            self.leave(reason)

    def leave(self, reason: BaseException) -> None:
        """Leave the others at once, and what has come; the reader gets the reason when it has read what it has."""
        self._end(reason)
        self.wake()

    def _expired(self) -> None:
        self.abort(self.call.scope.expired("total", self.provider))

    def _end(self, error: BaseException) -> None:
        """End with the error of the shared stream, or for a reason of this reader's own."""
        self.error: BaseException | None = error
        if isinstance(error, APIError):
            error.elapsed = self.elapsed()
            error.partial = self._copied(error.partial or self._shared.partial())
            error.with_context(
                model=self.model,
                llm_provider=self.provider,
                attempts=tuple(self.attempts),
                usage=self.usage,
                phase="stream",
                hint="the answer so far is in `partial`",
            )
            self.close("failed", error)
            return
        if isinstance(error, StreamCancelled):
            error.partial, error.usage = self.partial(), self.usage
        self.close("closed")

    def _release(self, ended: Ended) -> None:
        self.call.scope.detach(self)
        if self._timer is not None:
            self._timer.cancel()
        self.call.attempts[:] = self.attempts
        self._broadcast.leave(self)
        self.wake()

    def _copied(self, piece: Any) -> Any:
        """Return a copy that knows this reader's origin for its own."""
        return deepcopy(piece, {id(self.followed): self.origin})

    def partial(self) -> Any:
        return self._copied(self._shared.partial())

    @property
    def hidden_params(self) -> dict[str, Any]:
        hidden = self.origin.hidden_params(self.usage)
        hidden["response_cost"] = self._shared.hidden_params["response_cost"]
        return hidden

    @property
    def bytes(self) -> int:
        return self.bytes_read


def own_copy(error: E) -> E:
    """Return an error for one of those who get it: each adds facts of its own, and has a traceback of its own."""
    own = copy(error).with_traceback(None)  # where Dask is loaded, a copy has the original's
    if error.__cause__ is not None:
        own.__cause__ = error.__cause__
    return own


def _too_slow(behind_bytes: int) -> ReaderTooSlow:
    return ReaderTooSlow(
        f"this reader fell more than {behind_bytes / 1024:g} KiB behind the others that share the answer",
        phase="stream",
        hint='read faster; or use tee(slow="wait"), or a client without single_flight',
    )

"""What owns the stream behind a blocking one, and carries its pieces to whoever takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

from aiollm.core.runtime import LoopThread
from aiollm.engine.stream import AnswerStream
from aiollm.sync.pipe import Pipe

__all__ = ["Outlet", "Pump"]

Piece = TypeVar("Piece")
Whole = TypeVar("Whole")
T = TypeVar("T")


class Outlet(Protocol[T]):
    """Where pieces are carried to."""

    async def put(self, batch: list[T], size: int) -> None:
        """Take a batch, and return when there is room for another. `size` is its bytes."""

    def end(self, error: BaseException | None = None) -> None:
        """Hear that nothing more comes, or why."""


class Pump(Generic[Piece, Whole]):
    """Owns a stream for its whole life. It knows where pieces go only: it would keep alive a `SyncStream` it knew.

    Args:
        thread: where the stream lives.
        opening: opens it.

    Attributes:
        pipe: where pieces go at first.
        opened: the stream, or why there is none. Nobody but the pump may set or cancel it.
    """

    def __init__(self, thread: LoopThread, opening: Coroutine[Any, Any, AnswerStream[Piece, Whole]]) -> None:
        self.pipe: Pipe[Piece] = Pipe(thread.loop)
        self.opened: Future[AnswerStream[Piece, Whole]] = Future()
        self.opened.set_running_or_notify_cancel()
        self._outlet: Outlet[Piece] = self.pipe
        self._task = thread.submit(self._run(opening))

    def turn(self, outlet: Outlet[Piece]) -> None:
        """Carry to somebody else what comes from now on. On the loop only."""
        self._outlet = outlet

    def cancel(self) -> None:
        """Close the stream, from any thread."""
        self._task.cancel()

    async def _run(self, opening: Coroutine[Any, Any, AnswerStream[Piece, Whole]]) -> None:
        try:
            stream = await opening
        except asyncio.CancelledError:  # the caller has left, or the interpreter ends
            raise
        except BaseException as error:  # noqa: BLE001  # it is raised again, in the caller's thread
            self.opened.set_exception(error)
            return
        self.opened.set_result(stream)
        taken = 0
        try:
            while batch := await stream.next_batch():
                await self._outlet.put(batch, stream.bytes - taken)
                taken = stream.bytes
        except asyncio.CancelledError:  # by `close`, or at the end of the interpreter, when no reader must be woken
            raise
        except BaseException as error:  # noqa: BLE001  # it is raised again, where pieces are taken
            self._outlet.end(error)
        else:
            self._outlet.end()
        finally:
            await stream.aclose()

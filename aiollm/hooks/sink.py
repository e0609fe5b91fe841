"""Events for who needs time: a bounded queue, and an asynchronous function that takes one after the other."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from typing import Any

from aiollm.core.settle import SETTLE_SECONDS
from aiollm.hooks.events import Event

__all__ = ["MOST_EVENTS", "Sink"]

MOST_EVENTS = 1000
"""How many events wait at the most, where nothing is said."""

_logger = logging.getLogger("aiollm")

_Waiting = deque[tuple[Event, Context]]


class Sink:
    """Hands events to an asynchronous function, in their order, without ever holding up a call.

    The function runs on the event loop that a call was made on (the background thread's, for blocking calls), with the
    context variables of the call. An event that finds the queue full is dropped and counted. What waits when a loop
    ends, as at the end of `asyncio.run`, is still handed over, for at most a second; the one that is interrupted by
    that, once more. It may be used from several event loops and threads at once.

        sink = aiollm.Sink(send_to_collector, max_events=10_000)
        client = aiollm.Client(hooks=[sink])

    Args:
        handle: gets each event. An exception of its is logged, and changes nothing else.
        max_events: how many may wait.

    Attributes:
        handled: how many events it has handed over.
        dropped: how many it has dropped, because the queue was full or the loop had ended.

    Raises:
        ValueError: `max_events` is below 1.
    """

    def __init__(self, handle: Callable[[Any], Awaitable[Any]], *, max_events: int = MOST_EVENTS) -> None:
        if max_events < 1:
            raise ValueError(f"max_events must be a whole number from 1; got {max_events!r}")
        self.handled: int = 0
        self.dropped: int = 0
        self._handle = handle
        self._max_events = max_events
        # By loop, as long as something waits. Threads share it; each has its own loop, and each access is atomic.
        self._workers: dict[asyncio.AbstractEventLoop, tuple[_Waiting, asyncio.Task[None]]] = {}

    def offer(self, event: Event, loop: asyncio.AbstractEventLoop) -> None:
        """Put an event into the queue, from any thread; return at once.

        Args:
            event: what is told.
            loop: the loop of the call.
        """
        if asyncio._get_running_loop() is loop:
            self._enqueue(event, copy_context(), loop)
            return
        try:
            loop.call_soon_threadsafe(self._enqueue, event, copy_context(), loop)
        except RuntimeError:  # it is closed
            self.dropped += 1

    async def drain(self) -> None:
        """Wait until all that this event loop's calls have told is handed over. Cancelling it loses nothing."""
        while (worker := self._workers.get(asyncio.get_running_loop())) is not None:
            await asyncio.wait({worker[1]})

    def _enqueue(self, event: Event, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        worker = self._workers.get(loop)
        if worker is None:
            waiting: _Waiting = deque([(event, context)])
            self._workers[loop] = waiting, loop.create_task(self._work(waiting, loop), context=Context())
        elif len(worker[0]) >= self._max_events:
            self.dropped += 1
        else:
            worker[0].append((event, context))

    async def _work(self, waiting: _Waiting, loop: asyncio.AbstractEventLoop) -> None:
        """Hand over what waits, until nothing does."""
        deadline: float | None = None  # once the loop is being ended, and all tasks are cancelled
        try:
            while waiting:
                event, context = waiting[0]
                handling = loop.create_task(self._handled(event), context=context)
                interrupted = False
                try:
                    await asyncio.wait({handling}, timeout=None if deadline is None else deadline - loop.time())
                except asyncio.CancelledError:
                    deadline = loop.time() + SETTLE_SECONDS
                    await asyncio.wait({handling}, timeout=SETTLE_SECONDS)
                    interrupted = handling.cancelled()
                if not handling.done():
                    handling.cancel()
                    break
                if not interrupted:
                    waiting.popleft()
                    self.handled += 1
        finally:
            if waiting:
                self.dropped += len(waiting)
                _logger.warning(
                    "%d events for a hook were lost: the event loop ended before it took them", len(waiting)
                )
            del self._workers[loop]

    async def _handled(self, event: Event) -> None:
        try:
            await self._handle(event)
        except Exception:
            # The call goes its own way, which a hook must not change.
            _logger.exception("a hook failed")

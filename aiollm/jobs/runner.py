"""Many items at a time, as many as there is room for, and their results as they come or in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Literal

from aiollm.exceptions import BudgetExceededError
from aiollm.jobs.item import Item
from aiollm.jobs.progress.progress import Display, Progress
from aiollm.jobs.result import Result
from aiollm.jobs.summary import Reason, Summary, Tally

__all__ = ["OnError", "Runner"]

OnError = Literal["yield", "raise", "stop"]
"""What a failed request does: it is a result like another; it raises its error; it lets no further one begin."""


class Runner:
    """Answers items on the running event loop.

    One task takes items from the source, one at a time, and starts a task for each. It waits while as many are being
    answered as may be, or while as many results as the window holds are not taken yet. So the source is read as slowly
    as results are taken, and memory does not depend on its length.

    Args:
        items: the source; it is closed at the end.
        answer: answers an item.
        finish: awaited once when all has ended.
        concurrency: how many items are answered at a time.
        window: how many items may be between the source and the reader.
        ordered: whether results come in the order of their items.
        on_error: what a failed request does; "raise" is the reader's to do.
        tally: counts what becomes of the items.
        display: where it is told how far the job is; None for nowhere.
    """

    def __init__(
        self,
        items: AsyncGenerator[Item, None],
        answer: Callable[[Item], Awaitable[Result]],
        finish: Callable[[], Awaitable[None]],
        *,
        concurrency: int,
        window: int,
        ordered: bool,
        on_error: OnError,
        tally: Tally,
        display: Display | None = None,
    ) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.began: float = self.loop.time()
        self.ended: float | None = None
        self.reason: Reason | None = None
        self._items = items
        self._answer = answer
        self._finish = finish
        self._concurrency = concurrency
        self._window = window
        self._ordered = ordered
        self._on_error = on_error
        self._tally = tally
        self._tasks: set[asyncio.Task[None]] = set()
        self._outstanding = 0  # items taken from the source whose results are not taken yet
        self._asking = 0
        self._short = 0  # items that wait for room in the budget
        self._stopping = self._ending = False
        self._ready: deque[Result] = deque()
        self._early: dict[int, Result | None] = {}  # results that wait for those of items before theirs
        self._next = 0
        self._failure: Exception | None = None
        self._news, self._room, self._freed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._feeder = self.loop.create_task(self._feed())
        self._main = self.loop.create_task(self._run())
        self._deadline: asyncio.TimerHandle | None = None
        self._progress = Progress(display, self.summary)

    @property
    def in_flight(self) -> int:
        """How many items are being answered."""
        return len(self._tasks)

    def summary(self) -> Summary:
        """Return what the job has come to, so far or at its end."""
        reason = None if self.ended is None else self.reason
        return self._tally.summary(reason, self.in_flight, self._elapsed())

    def _elapsed(self) -> float:
        return (self.loop.time() if self.ended is None else self.ended) - self.began

    # -- the reader's side

    async def next(self) -> Result:
        """Return the next result. Cancelling loses none.

        Raises:
            StopAsyncIteration: there is none left.
            Exception: what the source or the store raised, when the results before have been taken.
        """
        while not self._ready:
            if self.ended is not None:
                failure, self._failure = self._failure, None
                raise StopAsyncIteration if failure is None else failure
            self._news.clear()
            await self._news.wait()
        self._outstanding -= 1
        self._room.set()
        return self._ready.popleft()

    def stop(self, reason: Reason, within: float | None = None) -> None:
        """Take no more items. Those that are being answered are finished, or cut off after a time in seconds."""
        if self.ended is not None:
            return
        self.reason = self.reason or reason
        self._stopping = True
        self._feeder.cancel()
        self._freed.set()
        if within is not None:
            self._cut_off_in(within)

    def _cut_off_in(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._cancel)

    def abandon(self) -> None:
        """Cut off everything, because the reader is gone; from any thread."""
        if self.ended is not None or self.loop.is_closed():
            return
        if asyncio._get_running_loop() is self.loop:
            self._cut_off("closed")
        else:
            with suppress(RuntimeError):  # closed just now
                self.loop.call_soon_threadsafe(self._cut_off, "closed")

    async def close(self) -> None:
        """Cut off everything, and return when it has ended."""
        self._cut_off("closed")
        await asyncio.wait({self._main})

    def _cut_off(self, reason: Reason) -> None:
        self.stop(reason)
        self._cancel()

    def _cancel(self) -> None:
        if not self._ending:  # which must not be cut off itself
            self._main.cancel()

    # -- the work

    async def _run(self) -> None:
        try:
            await asyncio.wait({self._feeder})
            while self._tasks:
                await asyncio.wait(self._tasks)
            self.reason = self.reason or "complete"
        finally:
            await self._end()

    async def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._ending = True
        left = {self._feeder, *self._tasks}
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left)
            self._sweep()
            if not self._feeder.cancelled() and (error := self._feeder.exception()) is not None:
                self._fail(error)
            await self._finish()
        except Exception as error:  # noqa: BLE001  # it is raised where results are taken
            self._fail(error)
        finally:
            self.ended = self.loop.time()
            self._progress.end()
            self._news.set()

    def _sweep(self) -> None:
        """Hand over what waits for items that were cut off; a task that had not begun by then has not said so."""
        self._tally.unfinished += len(self._tasks)
        self._tasks.clear()
        for index in sorted(self._early):
            self._hand_over(self._early.pop(index))

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, Exception):
            raise error
        self.reason = "error"
        self._failure = self._failure or error

    async def _feed(self) -> None:
        try:
            while await self._has_room():
                item = await anext(self._items, None)
                if item is None:
                    return
                self._outstanding += 1
                self._tasks.add(self.loop.create_task(self._work(item)))
        finally:
            await self._items.aclose()

    async def _has_room(self) -> bool:
        while self._short or len(self._tasks) >= self._concurrency or self._outstanding >= self._window:
            self._room.clear()
            await self._room.wait()
        return not self._stopping

    async def _work(self, item: Item) -> None:
        result = None
        try:
            result = await self._answered(item)
            self._tally.add(result, self._elapsed())
            if result.error is not None and self._on_error == "stop":
                self.stop("error")
        except BudgetExceededError:
            self._tally.skipped += 1
            self.stop("budget")
        except asyncio.CancelledError:
            self._tally.unfinished += 1
            raise
        except Exception as error:  # noqa: BLE001  # it is raised where results are taken
            self._fail(error)
            self._cut_off("error")
        finally:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.discard(task)
            self._deliver(item.index, result)

    async def _answered(self, item: Item) -> Result:
        """Answer an item, when the budget has room for it.

        What is set aside for those under way is more than they will cost, so that a refusal is final only where none
        is.

        Raises:
            BudgetExceededError: there will be none.
        """
        while True:
            self._asking += 1
            try:
                result = await self._answer(item)
            except BudgetExceededError:
                self._asking -= 1
                if self._stopping or not self._asking:
                    raise
            except BaseException:
                self._asking -= 1
                self._freed.set()
                raise
            else:
                self._asking -= 1
                self._freed.set()
                return result
            await self._room_in_budget()

    async def _room_in_budget(self) -> None:
        self._short += 1
        self._freed.clear()
        try:
            await self._freed.wait()
        finally:
            self._short -= 1
            self._room.set()

    def _deliver(self, index: int, result: Result | None) -> None:
        if not self._ordered:
            self._hand_over(result)
        else:
            self._early[index] = result
            while self._next in self._early:
                self._hand_over(self._early.pop(self._next))
                self._next += 1
        self._news.set()
        self._room.set()

    def _hand_over(self, result: Result | None) -> None:
        if result is None:
            self._outstanding -= 1
        else:
            self._ready.append(result)

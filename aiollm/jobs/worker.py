"""The part of a job that one process of a cluster does: it answers batches of requests."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import Any

from aiollm.client import AsyncClient, hidden_arguments
from aiollm.core.gate import Gate
from aiollm.core.runtime import LastingThread
from aiollm.jobs.asking import CONCURRENCY, asking_with
from aiollm.jobs.item import Item
from aiollm.jobs.result import Result
from aiollm.jobs.store import JobStore
from aiollm.middleware.retry import Retry

__all__ = ["BatchWorker", "MakeWorker"]


class BatchWorker:
    """Answers batches of requests, as many at a time as come, with one pool of connections and one store.

        def worker():
            return aiollm.BatchWorker(
                "openai/gpt-4o-mini",
                limiter=aiollm.RedisLimiter(REDIS, name="openai", rpm=5000, tpm=2_000_000),
                store=aiollm.RedisResults(REDIS, name="weather"),
                max_tokens=200,
            )

    An engine for clusters is given a function such as this one, and calls it in each process that works: limiter, store
    and connections belong to a process, and keys come from its environment. `aiollm.jobs.dask` and `aiollm.jobs.ray`
    are the ways in for two of them; any other one awaits `answer` on an event loop of its own. Requests are asked on
    the worker's loop, which has a thread to itself: neither holds up the other, an engine that has much to do nor
    streams that have.

    The engine may give a batch again, to any worker: what the store has an answer for is not asked again, so that a
    process that is killed costs what it was asking at that moment. That holds for a store that all workers reach:
    `RedisResults`, or `SQLiteResults` where they share one machine.

    Args:
        model: for the requests that do not name one.
        client: whose policies hold, a `Client` or a `Router`. Without one these are made of the next two.
        limiter: the limits that requests are under; a `RedisLimiter` holds for all workers together.
        retry: when a failed attempt is made again.
        concurrency: how many requests this worker asks at a time, of all its batches.
        store: where results are kept; see above. None for nowhere.
        key: makes the key by which the store knows a request; where nothing is said it is its `custom_id`, or else a
            digest of all that it asks, and of its model.
        options: arguments of `acompletion` for all requests; what a request says itself goes first.

    Raises:
        TypeError: `client` and policies are both given.
        ValueError: `concurrency` is below 1, or a path has an unknown ending.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        client: AsyncClient | None = None,
        limiter: Gate | None = None,
        retry: Retry | None = None,
        concurrency: int = CONCURRENCY,
        store: JobStore | str | os.PathLike[str] | None = None,
        key: Callable[[Any], str] | None = None,
        **options: Any,
    ) -> None:
        options = hidden_arguments(options)
        self._asking = asking_with(
            {"model": model, **options},
            client=client,
            limiter=limiter,
            retry=retry,
            concurrency=concurrency,
            store=store,
            key=key,
        )
        self._places = asyncio.Semaphore(concurrency)
        self._thread = LastingThread("aiollm-worker")

    async def answer(self, batch: Iterable[Any]) -> list[Result]:
        """Ask all requests of a batch, and return their results in its order; `index` is the place in the batch.

        A failed request is a result with an `error`. Cancelling cuts off what is being asked.

        Args:
            batch: requests, in any of the shapes that `map` takes.

        Raises:
            BudgetExceededError: the client's budget has no room for one of them.
            StoreError: the store cannot be used.
        """
        return await asyncio.wrap_future(self._thread.get().submit(self._answered(list(batch))))

    async def aclose(self) -> None:
        """Cut off what is being asked, and close store, connections and loop. The worker is not used again."""
        await asyncio.wrap_future(self._thread.get().submit(self._asking.aclose()))
        await asyncio.to_thread(self._thread.stop)

    async def _answered(self, batch: list[Any]) -> list[Result]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._answer(Item(*each))) for each in enumerate(batch)]
        except ExceptionGroup as failures:  # engines know nothing of groups: they show the error, or try again
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _answer(self, item: Item) -> Result:
        async with self._places:
            return await self._asking.answer(item)


MakeWorker = Callable[[], BatchWorker]
"""Makes the worker of a process, in that process."""

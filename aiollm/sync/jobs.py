"""`map_sync` and `batch_completion`: jobs on the loop thread, for blocking code."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from aiollm.client import hidden_arguments
from aiollm.exceptions import APIError
from aiollm.jobs.batch import WORKERS, abatch_completion
from aiollm.jobs.estimate import Estimate
from aiollm.jobs.job import Job
from aiollm.jobs.job import map as map_requests
from aiollm.jobs.result import Result
from aiollm.jobs.source import Requests
from aiollm.jobs.summary import Summary
from aiollm.sync.blocking import wait_for
from aiollm.sync.closed import ClosedAtEnd
from aiollm.sync.thread import loop_thread
from aiollm.types.response import ModelResponse

__all__ = ["SyncJob", "batch_completion", "map_sync"]


def map_sync(requests: Requests, model: str | None = None, **options: Any) -> SyncJob:
    """Ask a model many things, many at a time, and yield what becomes of each: to blocking code what `map` is.

    The arguments and errors are those of `map`. The source is read on the loop thread. It works inside a running event
    loop, as in a notebook, which it blocks while it waits.
    """
    return SyncJob(map_requests(requests, model, **hidden_arguments(options)))


def batch_completion(
    model: str, messages: Sequence[Any], *, max_workers: int = WORKERS, **options: Any
) -> list[ModelResponse | APIError]:
    """Ask a model many things, and wait for all answers: to blocking code what `abatch_completion` is."""
    return wait_for(abatch_completion, model, messages, max_workers=max_workers, **hidden_arguments(options))


class SyncJob(ClosedAtEnd):
    """Many requests, and an iterator over what becomes of them; `map_sync` makes it.

    Leaving its loop, by Ctrl-C too, cuts off what is being asked; so do `close()`, and `with` at its end. `next(job)`
    takes one result and goes on.
    """

    def __init__(self, job: Job) -> None:
        self._job = job

    def __iter__(self) -> Iterator[Result]:
        # A generator ends with the `for` statement that holds it, and ends the job then.
        try:
            yield from iter(self._next, None)
        finally:
            self.close()

    def __next__(self) -> Result:
        result = self._next()
        if result is None:
            raise StopIteration
        return result

    def _next(self) -> Result | None:
        result: Result | None = wait_for(anext, self._job, None)
        return result

    def stop(self, within: float | None = None) -> None:
        """Let no further request begin; see `Job.stop`. From any thread."""
        loop_thread().loop.call_soon_threadsafe(self._job.stop, within)

    def dry_run(self) -> Estimate:
        """Read all requests, and return what they may come to; see `Job.dry_run`."""
        return wait_for(self._job.dry_run)

    def summary(self) -> Summary:
        """Return what the job has come to, so far or at its end."""
        return wait_for(self._summary)

    async def _summary(self) -> Summary:
        return self._job.summary()

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw what ended when, and how long answers took; see `Job.plot`."""
        wait_for(self._plot, path)

    async def _plot(self, path: str | os.PathLike[str]) -> None:
        self._job.plot(path)

    def close(self) -> None:
        """Cut off what is being asked, close source and store, and return when that is done."""
        wait_for(self._job.aclose)

    def __repr__(self) -> str:
        return f"<SyncJob {self.summary()}>"

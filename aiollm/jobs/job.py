"""A job: many requests, and an iterator over what becomes of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args

from aiollm.client import AsyncClient, hidden_arguments
from aiollm.core.gate import Gate
from aiollm.jobs.asking import CONCURRENCY, Asking, asking_with
from aiollm.jobs.estimate import Estimate, estimate
from aiollm.jobs.plot import draw
from aiollm.jobs.progress.progress import Display, Wanted, display_for
from aiollm.jobs.result import Result
from aiollm.jobs.runner import OnError, Runner
from aiollm.jobs.source import Requests, items_of, length_of, readable
from aiollm.jobs.store import JobStore
from aiollm.jobs.summary import Summary, Tally
from aiollm.middleware.budget import Budget
from aiollm.middleware.retry import Retry

__all__ = ["Job", "map"]

WINDOWS = 4
"""How many times as many requests may be between the source and the reader."""


def map(
    requests: Requests,
    model: str | None = None,
    *,
    client: AsyncClient | None = None,
    limiter: Gate | None = None,
    retry: Retry | None = None,
    budget: Budget | None = None,
    concurrency: int = CONCURRENCY,
    window: int | None = None,
    ordered: bool = False,
    on_error: OnError = "yield",
    store: JobStore | str | os.PathLike[str] | None = None,
    key: Callable[[Any], str] | None = None,
    progress: Wanted = None,
    **options: Any,
) -> Job:
    """Ask a model many things, many at a time, and yield what becomes of each as it comes.

        async for result in aiollm.map(prompts, model="openai/gpt-4o-mini", store="answers.sqlite"):
            print(result.index, result.text if result.ok else result.error)

    Nothing is read or sent before the first result is asked for. The source is read as slowly as results are taken, so
    that memory does not depend on how many there are.

    Args:
        requests: an iterable, or an asynchronous one, of prompts, lists of messages, dicts of arguments with `messages`
            or `prompt`, or lines of OpenAI's batch files (for chat, responses or embeddings); or the `Path` of a
            .jsonl, .csv or .parquet file of these (columns `prompt` or, in Parquet, `messages`; as need be `system`,
            `model`, `custom_id`; others are left alone). It is read on the event loop: one that waits for something
            should be asynchronous. One that is no request has an error as its result.
        model: for the requests that do not name one.
        client: whose policies hold, a `Client` or a `Router`. Without one these are made of the next three.
        limiter: the limits that all requests are under; it may be shared. Where nothing is said `concurrency` is the
            only one, and the client slows down by itself when the provider refuses requests.
        retry: when a failed attempt is made again.
        budget: what all requests may spend together. When there is no room for one even after those before it have
            ended, no further one begins.
        concurrency: how many requests are asked at a time, those among them that wait for limits.
        window: how many may be between the source and the reader; four times `concurrency` where nothing is said.
        ordered: give the results in the order of the requests. A slow request holds up the others when the window is
            full.
        on_error: what a failed request does: "yield" makes its error a result like others, "raise" raises it where
            the results are read, "stop" lets no further request begin.
        store: where results are kept, as a path that ends in .sqlite or .jsonl (lines of an output file of the batch
            API). What it has an answer for is not asked again: a run that was killed at any moment goes on where it
            was. Requests that are the same are asked once.
        key: makes the key by which the store knows a request; where nothing is said it is its `custom_id`, or else a
            digest of all that it asks, and of its model.
        progress: how far the job is, told from its first second or half on: to a function, which gets a `Summary` each
            second and at the end, on the event loop; by True below the cell of a notebook, or on stderr. Where nothing
            is said also there, but without a notebook, or a terminal and rich (extra `progress`), to the logger
            `aiollm.jobs`. False for nowhere.
        options: arguments of `acompletion` for all requests; what a request says itself goes first. With `stream=True`
            answers are read as streams, and whole in their results all the same.

    Returns:
        A `Job`, which is an asynchronous iterator of `Result`.

    Raises:
        TypeError: `client` and policies are both given, or `requests` are none, or `progress` is of another kind.
        ValueError: a number is below 1, `on_error` is none of its words, or a path has an unknown ending.
        ImportError: what reads a .parquet file is not installed.

    Leaving the loop, by `break`, `return`, an exception or a cancellation, cuts off what is being asked.
    """
    options = hidden_arguments(options)  # before anything can fail: a traceback that captures locals would show them
    asking = asking_with(
        {"model": model, **options},
        client=client,
        limiter=limiter,
        retry=retry,
        budget=budget,
        concurrency=concurrency,
        store=store,
        key=key,
    )
    window = WINDOWS * concurrency if window is None else window
    if window < 1:
        raise ValueError(f"window must be at least 1; got {window}")
    if on_error not in get_args(OnError):
        raise ValueError(f"on_error must be one of {', '.join(get_args(OnError))}; got {on_error!r}")
    return Job(
        readable(requests),
        asking,
        concurrency=concurrency,
        window=window,
        ordered=ordered,
        on_error=on_error,
        display=display_for(progress),
    )


class Job:
    """Many requests, and an asynchronous iterator over what becomes of them; `map` makes it.

    Leaving its loop cuts off what is being asked; so do `aclose()`, and `async with` at its end. `anext(job)` takes one
    result and goes on.
    """

    def __init__(
        self,
        requests: Any,
        asking: Asking,
        *,
        concurrency: int,
        window: int,
        ordered: bool,
        on_error: OnError,
        display: Display | None,
    ) -> None:
        self._requests = requests
        self._asking = asking
        self._concurrency = concurrency
        self._window = window
        self._ordered = ordered
        self._on_error: OnError = on_error
        self._display = display
        self._tally = Tally(partial(length_of, requests))
        self._runner: Runner | None = None

    def __aiter__(self) -> _Iteration:
        return _Iteration(self)

    async def __anext__(self) -> Result:
        result = await self._running().next()
        if result.error is not None and self._on_error == "raise":
            await self.aclose()
            result.error.add_note(f"request {result.index} of the job, {result.key}")
            raise result.error
        return result

    def stop(self, within: float | None = None) -> None:
        """Let no further request begin. Those under way are finished, and their results given.

        Args:
            within: seconds, after which those still under way are cut off; None for as long as they take. 0 cuts them
                off now. It may be called again.
        """
        self._running().stop("stopped", within)

    async def dry_run(self) -> Estimate:
        """Read all requests, and return what they may come to. Nothing is sent; the source is used up.

        Raises:
            RuntimeError: the job has begun.
            StoreError: the store cannot be read.
        """
        if self._runner is not None:
            raise RuntimeError("the job has begun; a dry run takes one of its own")
        try:
            return await estimate(items_of(self._requests), self._asking)
        finally:
            await self._asking.aclose()

    def summary(self) -> Summary:
        """Return what the job has come to, so far or at its end."""
        return self._tally.summary(None, 0, 0.0) if self._runner is None else self._runner.summary()

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw what ended when, and how long answers took, so far or at the end. It takes about a second.

        Args:
            path: a .png, .svg or .pdf file.

        Raises:
            ImportError: matplotlib is not installed (extra `plot`).
            ValueError: the path has another ending.
            OSError: the file cannot be written.
        """
        draw(self._tally, self.summary(), Path(path))

    async def aclose(self) -> None:
        """Cut off what is being asked, close source and store, and return when that is done."""
        if self._runner is not None:
            await self._runner.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        self._leave()

    def __repr__(self) -> str:
        return f"<Job {self.summary()}>"

    def _running(self) -> Runner:
        if self._runner is None:
            self._runner = Runner(
                items_of(self._requests),
                self._asking.answer,
                self._asking.aclose,
                concurrency=self._concurrency,
                window=self._window,
                ordered=self._ordered,
                on_error=self._on_error,
                tally=self._tally,
                display=self._display,
            )
        return self._runner

    def _leave(self) -> None:
        runner = getattr(self, "_runner", None)
        if runner is not None:
            runner.abandon()


class _Iteration:
    """One `async for`. It lives as long as the statement does, and ends the job when it is dropped."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Any:
        return self._job.__anext__()

    def __del__(self) -> None:
        self._job._leave()  # pyright: ignore[reportPrivateUsage]  # its own job

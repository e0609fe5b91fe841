"""`aiollm run`: the requests of a file, and their answers in another; it goes on where it was stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
from argparse import Namespace
from pathlib import Path
from types import FrameType

from aiollm.cli.asked import check_settings, request_arguments
from aiollm.cli.exit_codes import FAILED, INTERRUPTED
from aiollm.cli.terminal import Misuse, say
from aiollm.core.limiter import Limiter
from aiollm.jobs.job import Job
from aiollm.jobs.job import map as map_requests
from aiollm.jobs.plot import check_picture
from aiollm.middleware.budget import Budget
from aiollm.middleware.retry import Retry

__all__ = ["run"]


def run(options: Namespace) -> int:
    """Run the command, and return its exit code.

    Raises:
        Misuse: the arguments do not fit together.
        OSError: the requests cannot be read.
        StoreError: the answers cannot be kept.
    """
    if options.model is not None:
        check_settings(options.model, options.api_base)
    if options.output is None and not options.dry_run:
        raise Misuse("where to? -o FILE.jsonl or FILE.sqlite keeps the answers")
    if options.output is not None and options.output.exists() and options.output.samefile(options.input):
        raise Misuse(f"{options.input} has the requests; the answers need a file of their own")
    if options.plot is not None:
        _check_picture(options.plot)
    return asyncio.run(_dry_run(options) if options.dry_run else _run(options))


async def _dry_run(options: Namespace) -> int:
    print(await _job(options).dry_run())
    return 0


async def _run(options: Namespace) -> int:
    job = _job(options)
    failure = None
    async with job:
        interrupts = _Interrupts(job, options.drain)
        try:
            async for result in job:
                failure = failure or result.error
        finally:
            interrupts.restore()
            summary = job.summary()
            print(summary.report(), file=sys.stderr, flush=True)
            if failure is not None:
                say(f"the first that failed: {failure}")
    if options.plot is not None:
        job.plot(options.plot)
    if interrupts.count:
        return INTERRUPTED
    return FAILED if summary.failed or summary.reason != "complete" else 0


def _job(options: Namespace) -> Job:
    try:
        return map_requests(
            Path(options.input),
            options.model,
            limiter=Limiter(rpm=options.rpm, tpm=options.tpm, concurrency=options.concurrency),
            retry=Retry() if options.retries is None else Retry(retries=options.retries),
            budget=_budget(options.budget, options.budget_tokens),
            concurrency=options.concurrency,
            on_error="stop" if options.stop_on_error else "yield",
            store=options.output,
            progress=True,
            **request_arguments(options),
        )
    except (ValueError, ImportError) as error:
        raise Misuse(str(error)) from None


def _check_picture(path: Path) -> None:
    try:
        check_picture(path)
    except (ValueError, ImportError) as error:
        raise Misuse(str(error)) from None


def _budget(usd: float | None, tokens: int | None) -> Budget | None:
    return None if usd is None and tokens is None else Budget(usd, tokens)


class _Interrupts:
    """What Ctrl-C does: the first lets what is under way end, the second cuts it off, a third is Python's own.

    Attributes:
        count: how many there were.
    """

    def __init__(self, job: Job, seconds: float) -> None:
        self._job = job
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._before = signal.signal(signal.SIGINT, self._interrupted)
        self.count = 0

    def restore(self) -> None:
        """Let Ctrl-C do what it did before."""
        signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count > 1:
            self.restore()
        self._loop.call_soon_threadsafe(self._stop, self.count)

    def _stop(self, count: int) -> None:
        if count > 1:
            say("cut off")
            self._job.stop(0)
            return
        under_way = self._job.summary().in_flight
        say(f"stopping: {under_way} under way get {self._seconds:g} s to end; Ctrl-C again cuts them off")
        self._job.stop(self._seconds)

"""Work that a cancellation must not cut in two: closing an account, keeping what came of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["SETTLE_SECONDS", "settle"]

T = TypeVar("T")

SETTLE_SECONDS = 1.0
"""How long a cancelled task may go on by default."""


async def settle(work: Coroutine[Any, Any, T], *, seconds: float = SETTLE_SECONDS) -> T:
    """Await a coroutine to its end, even while the task that waits is being cancelled.

        try:
            async for chunk in stream: ...
        finally:
            await aiollm.settle(save(stream.usage))

    The work runs in a task of its own, outside of every `asyncio.timeout` around it. Whatever becomes of it, a
    cancellation that came meanwhile is raised afterwards.

    Args:
        work: the coroutine.
        seconds: the longest it may take; then it is cancelled.

    Raises:
        TimeoutError: the work took longer.
        Exception: what the work raised; when the task was cancelled too, that is the cancellation's cause.
    """
    task = asyncio.ensure_future(_within(seconds, work))
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is not None:
        raise cancellation from (None if task.cancelled() else task.exception())
    return task.result()


async def _within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(seconds):
        return await work

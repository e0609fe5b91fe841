"""Runs a coroutine to its k-th suspension, and cancels it there."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any


class Counted:
    """An awaitable that counts how often the work inside it is suspended, and tells at the one that is asked for."""

    def __init__(self, work: Coroutine[Any, Any, Any], stop_at: int) -> None:
        self.suspensions = 0
        self.reached = asyncio.Event()
        self._work = work
        self._stop_at = stop_at

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._work.__await__()
        to_throw: BaseException | None = None
        while True:
            try:
                waited_for = inner.send(None) if to_throw is None else inner.throw(to_throw)
            except StopIteration as end:
                return end.value
            to_throw = None
            self.suspensions += 1
            if self.suspensions == self._stop_at:
                self.reached.set()
            try:
                yield waited_for
            except BaseException as error:  # noqa: BLE001  # it goes on to the work
                to_throw = error


async def cancelled_at(step: int, work: Coroutine[Any, Any, Any]) -> bool:
    """Cancel the work when it is suspended for the k-th time; return whether it came so far.

    Raises what the work raises, but for the cancellation.
    """
    counted = Counted(work, step)

    async def run() -> Any:
        return await counted

    task = asyncio.create_task(run())
    reached = asyncio.create_task(counted.reached.wait())
    await asyncio.wait({task, reached}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        reached.cancel()
        task.result()
        return False
    await reached
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled(), "the cancellation was swallowed"
    return True

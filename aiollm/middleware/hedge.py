"""Hedging: the same request once more, elsewhere, while the first is late; the first content wins."""

from __future__ import annotations

import asyncio
import math
import re
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from aiollm.engine.answer import Answer
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.middleware.retry_budget import RetryBudget

__all__ = ["Hedge", "Hedging", "quantile"]

A = TypeVar("A", bound=Answer)

SAMPLES = 256
"""How many of the last waits for the first content are kept for each model."""

FEWEST_SAMPLES = 20
"""Below so many a quantile says nothing, and nothing is hedged by it."""

MOST_SAVED = 10.0
"""How many hedges that were not needed can be saved up."""

_QUANTILE = re.compile(r"p(\d\d?)")


class Hedge(msgspec.Struct, frozen=True, kw_only=True):
    """When a request that has no content yet is made once more.

    With a router the second goes to another deployment, otherwise to the same place again. The loser's connection is
    closed at once; what it had cost by then is on the ledger (`stream.attempts`) as far as the provider told.

    Attributes:
        after: seconds; or a quantile of the recent waits for this model's first content, as in "p95", for which a few
            calls must have been seen.
        max_extra: the share of calls that may be hedged. A slow provider would otherwise get every request twice.
    """

    after: float | str = "p95"
    max_extra: float = 0.05

    def __post_init__(self) -> None:
        _check_time_or_quantile(self.after)
        _check_share(self.max_extra)

    def delay(self, waits: Sequence[float]) -> float | None:
        """Return after how many seconds to ask again, given the recent waits; None for never."""
        if not isinstance(self.after, str):
            return self.after
        if len(waits) < FEWEST_SAMPLES:
            return None
        return quantile(waits, int(self.after[1:]) / 100)


def _check_time_or_quantile(after: Any) -> None:
    a_time = isinstance(after, int | float) and not isinstance(after, bool) and after > 0
    if not a_time and not (isinstance(after, str) and _QUANTILE.fullmatch(after)):
        raise ValueError(f'after must be seconds above 0, or a quantile such as "p95"; got {after!r}')


def _check_share(max_extra: Any) -> None:
    if not (isinstance(max_extra, int | float) and 0 < max_extra <= 1):
        raise ValueError(f"max_extra must be a share above 0 and up to 1; got {max_extra!r}")


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest of the values that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


class Hedging:
    """The policy of `Hedge` around a handler."""

    def __init__(self, hedge: Hedge) -> None:
        self._hedge = hedge
        self._budget = RetryBudget(share=hedge.max_extra, reserve=0.0, most=MOST_SAVED)
        # Threads share it; each access is one atomic operation.
        self._waits: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=SAMPLES))

    async def __call__(self, call: Call, handler: Handler[A]) -> A:
        waits = self._waits[call.group or f"{call.target.provider.name}/{call.target.model}"]
        now = call.scope.loop.time
        began = now()
        self._budget.called()
        delay = self._hedge.delay([*waits])
        if delay is None:
            answer = await handler(call)
        else:
            answer = await self._first_of_two(call, handler, delay)
        # Also when the second won: the first would have taken longer still, and must not look quicker than it is.
        waits.append(now() - began)
        return answer

    async def _first_of_two(self, call: Call, handler: Handler[A], delay: float) -> A:
        asked = [asyncio.create_task(_awaited(call, handler))]
        try:
            await asyncio.wait(asked, timeout=delay)
            if asked[0].done():  # as nearly always
                return asked[0].result()
            if self._budget.take(call.scope.loop.time()):
                asked.append(asyncio.create_task(_awaited(msgspec.structs.replace(call, cause="hedge"), handler)))
            answer = await _winner(asked)
        except BaseException:
            await _leave(asked)
            raise
        try:
            await _leave(asked)
        except BaseException:  # the call itself was cancelled meanwhile
            await answer.aclose()
            raise
        return answer


async def _awaited(call: Call, handler: Handler[A]) -> A:
    """Send a call; a task wants a coroutine, and a handler may return any awaitable."""
    return await handler(call)


async def _winner(asked: list[asyncio.Task[A]]) -> A:
    """Return the first answer, and take it off the list. When there is none, raise the error of the first request."""
    waiting = set(asked)
    while waiting:
        ended, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for request in ended:
            if _answered(request):
                asked.remove(request)
                return request.result()
    return asked[0].result()


async def _leave(asked: list[asyncio.Task[A]]) -> None:
    """Close what is still open of the other requests: one under way, or an answer that came just now."""
    for request in asked:
        request.cancel()
    try:
        if asked:
            await asyncio.wait(asked)
    finally:
        for request in asked:
            if request.done() and _answered(request):
                await request.result().aclose()


def _answered(request: asyncio.Task[A]) -> bool:
    return not request.cancelled() and request.exception() is None

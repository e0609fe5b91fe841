"""A token bucket: so many units in each period, first come, first served."""

from __future__ import annotations

import asyncio
from types import TracebackType

from aiolimiter import AsyncLimiter

from aiollm.exceptions import WrongLoopError

__all__ = ["TokenBucket"]


class TokenBucket:
    """Admits requests, or tokens, at a rate. It starts full, so a burst of one period's worth passes at once.

        bucket = TokenBucket(500)          # requests a minute
        async with bucket:
            await aiollm.acompletion(...)

    aiolimiter keeps the level. Its waiters are served smallest first, so that large requests starve under a stream of
    small ones, and it refuses amounts above its capacity; here they queue, and a larger amount is drawn in parts.

    Args:
        rate: units in each period.
        period: its length in seconds.

    Raises:
        ValueError: one of them is not above 0.
    """

    def __init__(self, rate: float, period: float = 60.0) -> None:
        if not (rate > 0 and period > 0):
            raise ValueError(f"rate and period must be above 0; got {rate} units in {period} s")
        self.rate = rate
        self.period = period
        self._limiter = AsyncLimiter(rate, period)
        self._turn = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def acquire(self, amount: float = 1.0) -> None:
        """Wait until `amount` units may pass.

        Cancelling gives up the place in the queue; parts already drawn of a large amount are spent.

        Raises:
            ValueError: `amount` is below 0.
            WrongLoopError: the bucket was first used on another event loop.
        """
        if amount < 0:
            raise ValueError(f"amount must be 0 or more; got {amount}")
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise WrongLoopError("a TokenBucket belongs to the event loop that first used it")
        async with self._turn:
            while amount > 0:
                part = min(amount, self.rate)
                await self._limiter.acquire(part)
                amount -= part

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def __repr__(self) -> str:
        return f"<TokenBucket {self.rate:g} in {self.period:g} s>"

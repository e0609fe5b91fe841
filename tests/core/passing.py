"""How these tests pass a limiter, on a clock that does not need to be waited for."""

from __future__ import annotations

import asyncio
from typing import Any

from aiollm import Limiter


def now() -> float:
    return asyncio.get_running_loop().time()


async def passed_at(limiter: Limiter, **amounts: Any) -> float:
    """Return when a request has passed; it is never released."""
    await limiter.reserve(**amounts)
    return round(now(), 3)


async def times(limiter: Limiter, *requests: dict[str, Any]) -> list[float]:
    """Reserve for all at once; return when each passed."""
    return await asyncio.gather(*(passed_at(limiter, **request) for request in requests))

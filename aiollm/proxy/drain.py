"""The end of a worker: no further calls, those that go on finish, and those that last too long are told goodbye."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiollm.proxy.gateway import Gateway

__all__ = ["drain"]

GOODBYE_SECONDS = 5.0
"""How long the last frames may take."""


async def drain(gateway: Gateway, hurry: asyncio.Event) -> None:
    """Return when no call goes on any more.

    From now on `gateway.accepting` is false: `/health/readiness` says 503, and new calls get an error that tells them
    to try again elsewhere.

    Args:
        gateway: the worker's state; its configuration says how long calls may last (`aiollm_settings.drain_timeout`).
        hurry: when it is set nothing is waited for any more.
    """
    gateway.accepting = False
    ends = [asyncio.ensure_future(gateway.live.wait_empty()), asyncio.ensure_future(hurry.wait())]
    try:
        limit = gateway.config.aiollm.drain_timeout
        await asyncio.wait(ends, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
    for call in gateway.live:
        call.stop()
    with suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await gateway.live.wait_empty()

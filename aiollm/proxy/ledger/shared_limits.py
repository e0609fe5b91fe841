"""Limits of holders that all workers and instances share, over a Redis server.

A call takes from a lease that its worker holds already, and waits for the server only where there is none: for a
holder's first call, and near its limit. While the server is gone, what was declared happens, and nothing waits.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress

from aiollm.core.quota import Amounts
from aiollm.core.redis.link import RedisLink
from aiollm.core.redis.quota import OnFailure, RedisQuota, close
from aiollm.exceptions import ServiceUnavailableError
from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.keys.holder import Holder, HolderId
from aiollm.proxy.ledger.limits import UNLIMITED

__all__ = ["SharedLimits", "SharedQuota"]

LEASE_SECONDS = 2.0
"""How long a worker may spend what it was granted."""

PATIENCE = 0.75
"""How long a call waits for what other workers hold and may not need, in leases; they give it back by then."""

CALL_SECONDS = 0.5
"""How long the server may take for an answer."""

_MEANWHILE: dict[OnFailure, str] = {
    "closed": "holders that have limits are refused until it can",
    "open": "no limits of holders are kept until it can",
    "local": "each worker keeps to its share of the holders' limits until it can",
}


class SharedLimits:
    """The limits of all holders on one server.

    Args:
        url: the server.
        on_failure: what becomes of calls while it cannot be reached.
        workers: how many workers this instance has.

    Raises:
        ImportError: redis-py is not installed (the extra `redis`).
        ValueError: the URL is none.
    """

    def __init__(self, url: str, *, on_failure: OnFailure = "local", workers: int = 1) -> None:
        self._link = RedisLink(url, seconds=CALL_SECONDS, meanwhile=_MEANWHILE[on_failure])
        self.on_failure: OnFailure = on_failure
        self._workers = workers
        self._made: dict[HolderId, SharedQuota] = {}

    @property
    def failure(self) -> str | None:
        """Why the server cannot be used; None while it can. It may name the server."""
        return self._link.failure

    def of(self, holder: Holder) -> SharedQuota | None:
        """Return what keeps a holder's limits: the same for as long as this process lives, whatever they become."""
        made = self._made.get(holder.id)
        if made is None and holder.limits == UNLIMITED:
            return None
        limits: dict[str, int | None] = dict(zip(("rpm", "tpm", "concurrency"), holder.limits, strict=True))
        if made is None:
            quota = RedisQuota(
                self._link,
                f"aiollm:limits:{{{holder.kind} {holder.name}}}",
                limits,
                adaptive=False,
                on_failure=self.on_failure,
                lease=LEASE_SECONDS,
                parties=self._workers,
            )
            made = self._made[holder.id] = SharedQuota(quota)
        made.quota.set_limits(limits)
        return None if holder.limits == UNLIMITED else made

    async def aclose(self) -> None:
        """Give back all leases, and close the connections."""
        await asyncio.gather(*(close(shared.quota) for shared in self._made.values()))


class SharedQuota:
    """The limits of one holder, for calls of one event loop, which are refused rather than queued."""

    def __init__(self, quota: RedisQuota) -> None:
        self.quota = quota
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()
        quota.listen(self._visited)

    def take(self, amounts: Amounts, now: float) -> float | None:
        """Take from the lease; None where the server has to be asked first."""
        try:
            wait = self.quota.take(amounts, now)
        except ServiceUnavailableError as error:
            raise _unavailable(error) from None
        if not wait:
            return 0.0
        outlook = self.quota.outlook(amounts, now)
        if outlook.degraded:
            return wait
        return outlook.room or None

    async def take_when_told(self, amounts: Amounts) -> float:
        """Take what `take` could not, as soon as the server has granted it.

        Returns:
            0 when it was taken; else in how many seconds there is room, `inf` where all places are in use.

        Raises:
            Refusal: the limits cannot be kept at present.
        """
        patience = self._loop.time() + PATIENCE * LEASE_SECONDS
        while True:
            now = self._loop.time()
            wait = self.take(amounts, now)
            if wait is not None:
                return wait
            outlook = self.quota.outlook(amounts, now)
            if outlook.quiet:
                patience = max(patience, now + outlook.quiet + PATIENCE * LEASE_SECONDS)
            if now >= patience:
                return math.inf if outlook.full else LEASE_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(LEASE_SECONDS / 8):
                    await self._told.wait()

    def settle(self, held: Amounts, real: Amounts, taken_at: float, now: float) -> None:
        """Book `real` in the place of `held`, which was taken at a time."""
        self.quota.settle(held, real, taken_at, now)

    def release(self, now: float) -> None:
        """Give back the place."""
        self.quota.release(now)

    def _visited(self, pause: float) -> None:
        """A visit has ended; this is another thread."""
        with suppress(RuntimeError):  # our loop is closed
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._told.set()
        self._told.clear()  # whoever waits has been woken


def _unavailable(error: ServiceUnavailableError) -> Refusal:
    """Return a refusal that does not tell where the server is, as the error does."""
    message = "the limits of this key cannot be counted at present"
    return Refusal(Failure(503, message, "limits_unavailable", "server_error", None, True, error.retry_after or 1.0))

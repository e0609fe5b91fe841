"""Credentials that were fetched, kept until they expire.

They belong to the process, so that a loop that ends does not take them along. Fetching blocks, and runs in a worker
thread; callers of one loop that want the same share one fetch.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable, Hashable
from functools import partial
from typing import Generic, TypeVar

import msgspec

from aiollm.exceptions import APIError

__all__ = ["REFRESH_SECONDS", "Keeper", "Lease"]

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

REFRESH_SECONDS = 300.0
"""How long before their end credentials are fetched anew, while calls still go out with the old ones."""

LAST_SECONDS = 30.0
"""How long before their end credentials are not used any more: a request and the provider's clock take their time."""

REREAD_SECONDS = 900.0
"""How long credentials without an end are kept: the file they came from may be edited."""


class Lease(msgspec.Struct, Generic[T], frozen=True):
    """Credentials, and when they end.

    Attributes:
        value: the credentials.
        ends: seconds since the epoch; None when nobody says.
    """

    value: T
    ends: float | None = None


class Keeper(Generic[K, T]):
    """Fetches credentials and keeps them.

    Args:
        fetch: blocks until it has credentials for what it is asked, or raises an `APIError`.
        clock: gives the time, in seconds since the epoch.
    """

    def __init__(self, fetch: Callable[[K], Lease[T]], clock: Callable[[], float] = time.time) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: dict[K, Lease[T]] = {}
        self._flights: dict[tuple[asyncio.AbstractEventLoop, K], asyncio.Future[Lease[T]]] = {}

    async def get(self, wanted: K) -> T:
        """Return the credentials for what is wanted, fetched when they are not there or near their end.

        Raises:
            APIError: they could not be fetched.

        Cancelling leaves at once; the fetch goes on for the others.
        """
        kept = self._kept.get(wanted)
        left = 0.0 if kept is None or kept.ends is None else kept.ends - self._clock()
        if kept is not None and left > REFRESH_SECONDS:
            return kept.value
        flight = self._flight(wanted)
        if kept is not None and left > LAST_SECONDS:
            return kept.value
        try:
            return (await asyncio.shield(flight)).value
        except APIError as error:
            failure = copy.copy(error)  # each caller adds its own facts to it
        raise failure

    def _flight(self, wanted: K) -> asyncio.Future[Lease[T]]:
        loop = asyncio.get_running_loop()
        flight = self._flights.get((loop, wanted))
        if flight is None:
            flight = self._flights[loop, wanted] = loop.run_in_executor(None, self._fetch, wanted)
            flight.add_done_callback(partial(self._landed, loop, wanted))
        return flight

    def _landed(self, loop: asyncio.AbstractEventLoop, wanted: K, flight: asyncio.Future[Lease[T]]) -> None:
        del self._flights[loop, wanted]
        if flight.cancelled() or flight.exception() is not None:
            return
        lease = flight.result()
        self._kept[wanted] = lease if lease.ends is not None else Lease(lease.value, self._clock() + REREAD_SECONDS)

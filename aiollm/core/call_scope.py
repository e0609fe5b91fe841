"""What one call may take: its own clocks, tightened by the scopes around it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from copy import copy
from typing import TypeVar

from msgspec.structs import replace

from aiollm.core.failures import timeout_of
from aiollm.core.limited_scope import LimitedScope, surrounding_scope
from aiollm.core.proxies import Proxy
from aiollm.core.scope import CancelScope
from aiollm.exceptions import APIError
from aiollm.types.timeouts import Timeouts

__all__ = ["CallScope"]

T = TypeVar("T")


class CallScope(CancelScope):
    """The scope of one call, inside the one that the caller is in.

    Args:
        loop: the call's event loop.
        timeouts: the call's own clocks.
        alone: whether the scopes around it have no say: of a call that is made for several callers.

    Attributes:
        started: when the call began, in the loop's time.
        deadline: when it must have ended, in the loop's time; None for never.
        timeouts: the clocks that hold.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, timeouts: Timeouts, *, alone: bool = False) -> None:
        around = None if alone else surrounding_scope()
        super().__init__(around)
        self.loop = loop
        self.started: float = loop.time()
        self.timeouts: Timeouts = timeouts
        self.deadline = None if timeouts.total is None else self.started + timeouts.total
        self._owners: dict[str, CancelScope] = {}  # of the clocks that a scope has tightened
        while around is not None:
            self._tighten(around)
            around = around.parent

    def _tighten(self, around: LimitedScope) -> None:
        for clock in ("first_token", "idle"):
            limit, own = getattr(around, clock), getattr(self.timeouts, clock)
            if limit is not None and (own is None or limit < own):
                self.timeouts = replace(self.timeouts, **{clock: limit})
                self._owners[clock] = around
        if around.total is not None:
            deadline = self.started + around.left
            if self.deadline is None or deadline < self.deadline:
                self.deadline = deadline
                self.timeouts = replace(self.timeouts, total=around.total)
                self._owners["total"] = around

    def within(self, timeouts: Timeouts) -> CallScope:
        """Return the scope of one attempt of the call, with other clocks than the call's.

        Args:
            timeouts: the clocks of the attempt; the scopes around the call tighten them too. The `total` of the call
                holds.
        """
        attempt = copy(self)
        CancelScope.__init__(attempt, self)
        owned = {clock: getattr(self.timeouts, clock) for clock in self._owners if clock != "total"}
        tighter = {
            clock: limit for clock, limit in owned.items() if (own := getattr(timeouts, clock)) is None or limit < own
        }
        attempt.timeouts = replace(timeouts, total=self.timeouts.total, **tighter)
        attempt._owners = {
            clock: owner for clock, owner in self._owners.items() if clock == "total" or clock in tighter
        }
        return attempt

    @property
    def has_borrowed_clocks(self) -> bool:
        """Whether a scope around the call sets a clock of its attempts, and wants to know when that runs out."""
        return not self._owners.keys() <= {"total"}

    def check(self, host: str) -> None:
        """Raise if the call may not begin any more.

        Raises:
            TotalTimeout: its time is over.
            StreamCancelled: a scope was cancelled.
        """
        if self.deadline is not None and self.loop.time() >= self.deadline:
            raise self.expired("total", host)
        self.check_cancelled()

    def expired(self, clock: str, host: str, proxy: Proxy | None = None) -> APIError:
        """Return the error of a clock that ran out, and let the scope that set the clock know."""
        owner = self._owners.get(clock)
        error = timeout_of(clock, self.timeouts, host, proxy, of_scope=owner is not None)
        if owner is not None:
            owner.blame(error)
        return error

    async def wait(self, work: Awaitable[T], what: str) -> T:
        """Await something that is no exchange, such as a server's start, as long as the call may take.

        Args:
            work: what to wait for; cancelled when the call ends before it.
            what: its name, for the error.

        Raises:
            TotalTimeout: the call's time is over.
            StreamCancelled: a scope was cancelled.
        """
        waiting = _Waiting(self.loop)
        try:
            async with asyncio.timeout_at(self.deadline) as waiting.block:
                self.attach(waiting)
                return await work
        except TimeoutError:
            if not waiting.block.expired():
                raise
        finally:
            self.detach(waiting)
        raise waiting.reason or self.expired("total", what)


class _Waiting:
    """Something that a task waits for, and that a scope may end."""

    block: asyncio.Timeout

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.reason: BaseException | None = None

    def abort(self, reason: BaseException) -> None:
        if self.reason is None and not self.block.expired():
            self.reason = reason
            self.block.reschedule(self.loop.time())

"""Limits that all processes share which use the same key of a Redis server."""

from __future__ import annotations

import asyncio
import math
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Literal

from aiollm.core.adaptive_rate import AdaptiveRate
from aiollm.core.guard import Guard, noted
from aiollm.core.quota import MINUTE, Amounts, QuotaState
from aiollm.core.redis.journal import RATES
from aiollm.core.redis.lease import Lease, Outlook, Vector
from aiollm.core.redis.link import RedisLink, RedisUnavailable
from aiollm.core.redis.visit import visit
from aiollm.core.runtime import LastingThread, Runtime
from aiollm.exceptions import ServiceUnavailableError
from aiollm.wire.rate_limits import RateLimits

__all__ = ["OnFailure", "RedisQuota", "close"]

OnFailure = Literal["closed", "open", "local"]
"""What becomes of requests while the server cannot be reached: none pass, all do, or a share of them."""

_LIMITS = ("rpm", "tpm", "itpm", "otpm", "concurrency")
_NONE = -1.0

# The visits are paid from a thread of the library's own: a loop that ends, or that its tasks keep busy, neither breaks
# one off nor lets a lease run out.
_thread = LastingThread("aiollm-redis")


class RedisQuota:
    """A quota that many processes share.

    Each holds a lease: a part of what is free, spent without asking, for two seconds. While it is in use, a visit at
    the server each second tells what was spent and fetches more; a process that needs nothing is not heard of.

    Args:
        link: the way to the server.
        key: of the limits there.
        limits: `rpm`, `tpm`, `itpm`, `otpm` and `concurrency` of all processes together; None for any number.
        adaptive: whether it learns from the provider's headers and refusals.
        on_failure: what becomes of requests while the server cannot be reached.
        period: the window of the rates, in seconds.
        lease: how long a lease lasts, in seconds.
        parties: how many processes share the limits at the least, whether they use them now or not.
    """

    def __init__(
        self,
        link: RedisLink,
        key: str,
        limits: Mapping[str, float | None],
        *,
        adaptive: bool,
        on_failure: OnFailure,
        period: float = MINUTE,
        lease: float = 2.0,
        parties: int = 1,
    ) -> None:
        self._link = link
        self._key = key
        self._configured = _limits(limits)
        self._adaptive = adaptive
        self._on_failure = on_failure
        self._period = period
        self._seconds = lease
        self._parties = parties
        self._heard: Callable[[float], None] = lambda pause: None
        self.after_fork()

    def after_fork(self) -> None:
        """Be a process of its own: the lease is the parent's, and so are its visits."""
        self._guard = Guard()
        name = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._lease = Lease(
            name, list(self._configured), period=self._period, seconds=self._seconds, parties=self._parties
        )
        self._pace = AdaptiveRate() if self._adaptive else None
        self._began = math.inf
        self._head: tuple[Vector, float] | None = None  # the request that waits, and when it was last heard of
        self._visiting = False
        self._turn = asyncio.Lock()  # of visits; the thread's own
        self._timer: asyncio.TimerHandle | None = None  # of the next visit; the thread's own
        self._failure: str | None = None

    def listen(self, heard: Callable[[float], None]) -> None:
        """Call `heard` after each visit, on our thread, with the seconds for which the provider wants no requests."""
        self._heard = heard

    def set_limits(self, limits: Mapping[str, float | None]) -> None:
        """Have other limits from now on; what is spent and in use stays so."""
        with self._guard:
            self._configured = _limits(limits)
            self._lease.limits = list(self._configured)

    def outlook(self, amounts: Amounts, now: float) -> Outlook:
        """Return what is known of when a request may pass that `take` has just not let pass."""
        with self._guard:
            told = self._lease.outlook(_vector(amounts), now)
            return told if self._failure is None else told._replace(degraded=True)

    # -- the seam

    @property
    def slowed(self) -> bool:
        return self._pace is not None and self._pace.value < math.inf

    def take(self, amounts: Amounts, now: float) -> float:
        spending = _vector(amounts)
        with self._guard:
            if self._pace is not None and (wait := self._pace.wait(now)) > 0:
                return wait
            if wait := self._take(spending, now):
                self._head = spending, now
                return wait
            self._head = None
            self._began = min(self._began, now)
            if self._pace is not None:
                self._pace.add(amounts.requests, now)
            return 0.0

    def _take(self, spending: Vector, now: float) -> float:
        if self._lease.take(spending, now):
            if self._failure is None and self._lease.low(now):
                self._start_visit()
            return 0.0
        if self._failure is not None:
            if not self._link.pause:
                self._start_visit()
            return self._take_without_server(spending, now)
        if self._lease.wait_until > now:
            return self._lease.wait_until - now
        self._start_visit()
        return math.inf

    def _take_without_server(self, spending: Vector, now: float) -> float:
        if self._on_failure == "local":
            return self._lease.take_share(spending, now)
        if self._on_failure == "open":
            self._lease.spend(spending, now)
            return 0.0
        raise ServiceUnavailableError(
            f"the limits shared over Redis cannot be kept: {self._failure}; nothing was sent",
            retry_after=self._link.pause,
            phase="request",
            hint="on_failure='local' or 'open' lets requests pass meanwhile",
        )

    @noted
    def settle(self, held: Amounts, real: Amounts, taken_at: float, now: float) -> None:
        change = [new - old for new, old in zip(_vector(real), _vector(held), strict=True)]
        self._lease.correct(change, taken_at, now)
        if min(change) < 0:
            self._given_back(now)

    @noted
    def release(self, now: float) -> None:
        self._lease.used = max(0, self._lease.used - 1)  # a forked child ends what its parent began
        self._given_back(now)

    def _given_back(self, now: float) -> None:
        if self._lease.given_back(now) and self._failure is None:
            self._start_visit()

    def share(self, amounts: Amounts) -> float:
        with self._guard:
            limits = self._lease.limits
            return max(
                (part / limits[d] for d, part in enumerate(_vector(amounts)) if d < RATES and limits[d] > 0),
                default=1.0,
            )

    def throttled(self, taken_at: float, now: float) -> None:
        with self._guard:
            if self._pace is not None:
                seconds = min(self._period, max(1.0, now - self._began))
                self._pace.refused(self._lease.journal.spent(now)[0] / seconds, taken_at, now)

    def succeeded(self, taken_at: float, now: float) -> None:
        with self._guard:
            if self._pace is not None:
                self._pace.succeeded(taken_at, now)

    def learn(self, limits: RateLimits, now: float) -> None:
        """Believe the limits that the provider tells, but never beyond what was configured.

        What it says is left of them is left out: part of that has gone to other processes, which hear the same.
        """
        if self._pace is None:
            return
        with self._guard:
            for d, told in enumerate((limits.requests, limits.tokens, limits.input_tokens, limits.output_tokens)):
                if told is not None and told.period == MINUTE:
                    configured = self._configured[d]
                    self._lease.limits[d] = told.limit if configured == _NONE else min(configured, told.limit)

    def state(self, now: float) -> QuotaState:
        with self._guard:
            requests, tokens = self._lease.spent_by_all(now)
            rpm, tpm, itpm, otpm, concurrency = (None if limit == _NONE else limit for limit in self._lease.limits)
            if self._pace is not None and self._pace.value < math.inf:
                rpm = min(math.inf if rpm is None else rpm, self._pace.value * MINUTE)
            return QuotaState(
                in_flight=self._lease.used,
                concurrency=None if concurrency is None else int(concurrency),
                rpm_now=requests,
                tpm_now=tokens,
                rpm=rpm,
                tpm=tpm,
                itpm=itpm,
                otpm=otpm,
                degraded=None if self._failure is None else f"{self._failure} (on_failure={self._on_failure!r})",
            )

    def pause(self, seconds: float) -> None:
        """Tell the other processes that the provider wants no requests for so long."""
        with self._guard:
            self._lease.pause = max(self._lease.pause, seconds)
            self._start_visit()

    # -- visits

    def _start_visit(self) -> None:
        if not self._visiting:
            self._visiting = True
            _thread.get().submit(self._visit())

    async def _visit(self) -> None:
        failure, pause = None, 0.0
        async with self._turn:
            if not self._visiting:  # closed meanwhile
                return
            Runtime.current().keep(self, lambda: self)  # so that the end of the thread gives back the lease
            self._cancel_timer()
            try:
                pause = await self._exchange()
            except RedisUnavailable as error:
                failure = str(error)
            loop = asyncio.get_running_loop()
            with self._guard:
                self._failure = failure
                self._visiting = False
                if not self._lease.idle(loop.time()):
                    delay = self._seconds / 2 if failure is None else self._link.pause
                    self._timer = loop.call_later(delay, self._visit_again)
        self._heard(pause)

    def _visit_again(self) -> None:
        with self._guard:
            self._start_visit()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def _exchange(self, *, leaving: bool = False) -> float:
        """Tell what was spent and get a lease; return for how long the provider wants no requests.

        Raises:
            RedisUnavailable: the server cannot be used.
        """
        loop = asyncio.get_running_loop()
        while True:
            asked = loop.time()
            with self._guard:
                question = self._lease.question(self._waiting(asked), asked, leaving=leaving)
            answer = await self._link.call(partial(visit, key=self._key, question=question))
            with self._guard:
                if self._lease.answered(answer, asked, loop.time()):
                    return answer.pause

    def _waiting(self, now: float) -> Vector | None:
        """Return what the request wants that waits. One not heard of for a while has left."""
        if self._head is None or now - self._head[1] > self._seconds:
            return None
        return self._head[0]

    async def aclose(self) -> None:
        """Give back the lease and close the connection, on the thread. What is used again starts again."""
        async with self._turn:
            self._cancel_timer()
            with self._guard:
                self._visiting = True
            if self._failure is None:
                with suppress(RedisUnavailable):
                    await self._exchange(leaving=True)
            await self._link.aclose()
            with self._guard:
                self._visiting = False
        self._heard(0.0)


async def close(quota: RedisQuota) -> None:
    """Close a quota, from any event loop."""
    await asyncio.wrap_future(_thread.get().submit(_close(quota)))


async def _close(quota: RedisQuota) -> None:
    await Runtime.current().drop(quota)


def _limits(named: Mapping[str, float | None]) -> Vector:
    return [_NONE if named.get(what) is None else float(named[what] or 0) for what in _LIMITS]


def _vector(amounts: Amounts) -> Vector:
    return [amounts.requests, amounts.tokens, amounts.input_tokens, amounts.output_tokens, amounts.requests]

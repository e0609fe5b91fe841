"""Lets requests pass as their quota allows, in a fair order, from any number of event loops and threads."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

import msgspec
from msgspec.structs import asdict

from aiollm.core.fair_queue import CLASSES, FairQueue, Place
from aiollm.core.guard import Guard, noted
from aiollm.core.limiter_stats import LimiterStats, Record
from aiollm.core.permit import Permit, Reservation, checked_amounts
from aiollm.core.quota import NOTHING, Amounts, Quota
from aiollm.core.runtime import running_loop
from aiollm.exceptions import APIError, RateLimitError
from aiollm.wire.rate_limits import NO_LIMITS, RateLimits, read_rate_limits

__all__ = ["Gate"]

MAX_PAUSE = 120.0
"""The longest pause that a provider may ask for, in seconds. OpenAI's SDK believes no longer one either; when it is
over, the next refusal asks again."""


class _Waiter(msgspec.Struct, eq=False):
    """A request in the queue, which is woken on its own loop."""

    amounts: Amounts
    since: float
    loop: asyncio.AbstractEventLoop
    woken: asyncio.Future[None]
    queue: FairQueue[_Waiter]
    place: Place[_Waiter] | None = None  # in the queue, as long as it stands there
    permit: Permit | None = None
    refusal: APIError | None = None

    def wake(self) -> None:
        """Wake the task.

        Raises:
            RuntimeError: its loop is closed.
        """
        if asyncio._get_running_loop() is self.loop:
            self.finish()
        else:
            self.loop.call_soon_threadsafe(self.finish)

    def finish(self) -> None:
        """End the waiting, on the waiter's loop."""
        if not self.woken.done():
            self.woken.set_result(None)


class Gate:
    """A queue before a quota: what `Limiter` and its like have in common.

    One gate serves any number of tasks, event loops and threads. Its time is that of the running loop, which all loops
    share but those of tests. In a forked child it has nobody waiting and nothing in flight.

    Args:
        quota: where the room for requests comes from.
        max_wait: how long a request may wait by default, in seconds; None for any time.
        weights: key -> its share in relation to others; 1 for those not named.

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(
        self, quota: Quota, *, max_wait: float | None = None, weights: Mapping[str, float] | None = None
    ) -> None:
        for key, weight in (weights or {}).items():
            if not 0 < weight < math.inf:
                raise ValueError(f"the weight of {key!r} must be above 0; got {weight!r}")
        self._quota = quota
        self._max_wait = _checked_wait(max_wait)
        self._weights = dict(weights or {})
        self._record = Record()
        self._latest = -math.inf  # the time of the last access
        self._paused_until = -math.inf
        self._next = -math.inf  # when the head of the queue may pass, as far as is known
        self._begin()
        self._guard = Guard(self._after_fork)

    def _after_fork(self) -> None:
        self._begin()
        self._quota.after_fork()

    def _begin(self) -> None:
        self._queue: FairQueue[_Waiter] = FairQueue(self._weights)
        self._alarm: tuple[asyncio.AbstractEventLoop, float] | None = None  # the next one, and when it rings

    # -- passing

    def reserve(
        self,
        *,
        input_tokens: float = 0,
        output_tokens: float = 0,
        priority: int = 1,
        key: str | None = None,
        max_wait: float | None = None,
    ) -> Reservation:
        """Reserve room for one request: await it, or use it in `async with`, which releases the permit at the end.

        Args:
            input_tokens, output_tokens: an estimate of what the request will take; `Permit.settle` corrects it.
            priority: its class, from 0, the most urgent, to 3.
            key: who it is for. Keys that wait in one class get equal shares, or those of `weights`; those of one key
                pass as they came.
            max_wait: how long it may wait, in seconds; None for what the gate was made with.

        Raises:
            ValueError: a number is out of its range.
            RateLimitError: it has waited for `max_wait`, or would in vain. Nothing was sent; `retry_after` says when
                there may be room.
            APIError: the quota lets nobody pass, and says why.

        Cancelling gives up the place in the queue; what was taken by then goes back.
        """
        amounts = checked_amounts(input_tokens, output_tokens)
        if priority not in range(CLASSES):
            raise ValueError(f"priority must be a whole number from 0 (most urgent) to {CLASSES - 1}; got {priority!r}")
        limit = self._max_wait if max_wait is None else _checked_wait(max_wait)
        return Reservation(self, amounts, priority, key or "", limit)

    def pass_at_once(self, amounts: Amounts) -> Permit | None:
        """Return a permit if there is room and nobody waits, else None: it takes half the time that `reserve` does.

        Args:
            amounts: what the request will take, as `reserve` takes it; no number is below 0.
        """
        self._guard.enter()
        try:
            now = self._now()
            if self._queue.length or self._paused_until > now or self._quota.take(amounts, now) > 0:
                return None
            return self._permit(amounts, now, 0.0)
        except APIError:  # the quota lets nobody pass; who waits is told why
            return None
        finally:
            self._guard.leave()

    def _permit(self, amounts: Amounts, now: float, waited: float) -> Permit:
        """Return a permit for what was taken just now."""
        self._record.admitted += 1
        self._record.waits.append(waited)
        return Permit(self, amounts, amounts, now, waited, self._guard.process)

    async def pass_in_turn(self, amounts: Amounts, priority: int, key: str, max_wait: float | None) -> Permit:
        """Wait for a permit; see `reserve`."""
        loop = running_loop()
        if (permit := self.pass_at_once(amounts)) is not None:
            return permit
        with self._guard:
            now = self._now()
            if max_wait is not None and self._paused_until > now + max_wait:
                raise self._refusal(now, now)
            waiter = _Waiter(amounts, now, loop, loop.create_future(), self._queue)
            cost = self._quota.share(amounts)
            waiter.place = self._queue.push(waiter, priority=priority, key=key, cost=cost)
            self._admit(now)
        return await self._wait(waiter, max_wait)

    async def _wait(self, waiter: _Waiter, max_wait: float | None) -> Permit:
        timer = None if max_wait is None else waiter.loop.call_later(max_wait, waiter.finish)
        try:
            await waiter.woken
        except BaseException:
            self._leave(waiter)
            raise
        finally:
            if timer is not None:
                timer.cancel()
        with self._guard:
            if waiter.refusal is not None:
                raise waiter.refusal
            if waiter.permit is not None:
                return waiter.permit
            refusal = self._refusal(self._now(), waiter.since)
        self._leave(waiter)
        raise refusal

    @noted
    def _leave(self, waiter: _Waiter) -> None:
        if waiter.queue is not self._queue:  # that of the process which this one was forked from
            return
        if waiter.permit is not None:
            self._give_back(waiter.permit)
        elif waiter.place is not None:
            self._step_out(waiter, waiter.place)
        self._admit(self._now())

    def _step_out(self, waiter: _Waiter, place: Place[_Waiter]) -> None:
        self._queue.remove(place)
        waiter.place = None

    def _give_back(self, permit: Permit) -> None:
        self._quota.settle(permit.held, NOTHING, permit.taken_at, self._now())
        self._quota.release(self._now())

    def _admit(self, now: float) -> None:
        """Let pass who may, from the head of the queue; set an alarm for the next."""
        while (waiter := self._queue.head()) is not None:
            assert waiter.place is not None
            if waiter.loop.is_closed():  # nobody is left to wait
                self._step_out(waiter, waiter.place)
                continue
            try:
                wait = max(0.0, self._paused_until - now) or self._quota.take(waiter.amounts, now)
            except APIError as refusal:
                self._step_out(waiter, waiter.place)
                waiter.refusal = refusal
                with suppress(RuntimeError):  # the loop was closed just now
                    waiter.wake()
                continue
            if wait > 0:
                self._next = now + wait
                self._set_alarm(waiter.loop, now)
                return
            self._queue.pop()
            waiter.place, waiter.permit = None, self._permit(waiter.amounts, now, now - waiter.since)
            try:
                waiter.wake()
            except RuntimeError:  # the loop was closed just now
                self._give_back(waiter.permit)
                waiter.permit = None

    def _set_alarm(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        """Let the loop of the head ring when the head may pass. An alarm set for earlier finds that out by itself."""
        when = self._next
        if when == math.inf or (self._alarm is not None and self._alarm[0] is loop and self._alarm[1] <= when):
            return
        self._alarm = loop, when
        if asyncio._get_running_loop() is loop:
            loop.call_later(when - now, self._ring, when)
        else:
            with suppress(RuntimeError):  # the loop was closed just now; the next access finds that out
                loop.call_soon_threadsafe(loop.call_later, when - now, self._ring, when)

    @noted
    def _ring(self, when: float) -> None:
        if self._alarm is not None and self._alarm[1] == when:
            self._alarm = None
        self._admit(self._now())

    # -- accounts of permits

    def settle(self, permit: Permit, real: Amounts) -> None:
        """Book what a permit's request has really taken; see `Permit.settle`."""
        self.finish(permit, real, over=False)

    def release(self, permit: Permit) -> None:
        """Take back a permit's place of the concurrency; see `Permit.release`."""
        self.finish(permit)

    def finish(self, permit: Permit, real: Amounts | None = None, *, over: bool = True) -> None:
        """Settle and release in one access.

        Args:
            permit: of a request.
            real: what it has taken, where that is known; no number is below 0.
            over: whether it has ended.
        """
        guard = self._guard  # `noted`, written out: each request ends here
        guard.enter()
        try:
            if guard.depth == 1:
                self._finish(permit, real, over)
            else:
                guard.put_off(partial(self._finish, permit, real, over))
        finally:
            guard.leave()

    def _finish(self, permit: Permit, real: Amounts | None, over: bool) -> None:
        if permit.process != self._guard.process:  # of the process that this one was forked from
            return
        now = self._now()
        if real is not None:
            self._quota.settle(permit.held, real, permit.taken_at, now)
            permit.held = real
            self._record.settled.append((permit.estimate, real))
        if over and not permit.released:
            permit.released = True
            self._quota.release(now)
        if self._queue.length:
            self._admit(now)

    # -- what the provider says

    @noted
    def pause(self, seconds: float) -> None:
        """Let nobody pass for so long; a pause that lasts longer goes on.

        Args:
            seconds: at most 120 of them are believed.
        """
        self._pause(seconds, self._now())

    def _pause(self, seconds: float, now: float) -> None:
        if seconds > 0:
            self._paused_until = max(self._paused_until, now + min(seconds, MAX_PAUSE))

    @noted
    def throttled(self, permit: Permit | None = None, *, retry_after: float | None = None) -> None:
        """The provider refused a request because of a limit.

        Args:
            permit: the request's. Refusals of requests that were on their way together count once.
            retry_after: how long the provider asks to wait, in seconds: nobody passes for that time.
        """
        now = self._now()
        self._record.throttled += 1
        self._pause(retry_after or 0.0, now)
        self._quota.throttled(now if permit is None else permit.taken_at, now)

    def succeeded(
        self, permit: Permit | None = None, *, headers: Mapping[str, str] | None = None, provider: str | None = None
    ) -> None:
        """The provider has begun to answer a request.

        Args:
            permit: the request's.
            headers: of the reply, names in lower case, where they are to be learned from, as `learn` does.
            provider: its name, where it is known.
        """
        if self._quota.slowed:
            self._succeeded(permit)
        if headers:
            self.learn(headers, provider=provider)

    @noted
    def _succeeded(self, permit: Permit | None) -> None:
        now = self._now()
        self._quota.succeeded(now if permit is None else permit.taken_at, now)
        self._admit(now)

    def learn(self, headers: Mapping[str, str], *, provider: str | None = None) -> None:
        """Take in what a reply's headers tell of the provider's limits, where it makes sense.

        Args:
            headers: of the reply, names in lower case.
            provider: its name, where it is known.
        """
        if (limits := read_rate_limits(headers, provider=provider)) is not NO_LIMITS:
            self._learned(limits)

    @noted
    def _learned(self, limits: RateLimits) -> None:
        now = self._now()
        self._quota.learn(limits, now)
        self._admit(now)

    @noted
    def ask_again(self) -> None:
        """The quota may have more than when it last said. From any thread, but not from within the quota's methods."""
        self._admit(self._now())

    # -- account

    def stats(self) -> LimiterStats:
        """Return what is known at this moment."""
        with self._guard:
            now, record = self._now(), self._record
            return LimiterStats(
                waiting=self._queue.length,
                admitted=record.admitted,
                timed_out=record.timed_out,
                throttled=record.throttled,
                wait_p50=record.wait(0.5),
                wait_p95=record.wait(0.95),
                estimate_error=record.estimate_error,
                paused=max(0.0, self._paused_until - now),
                **asdict(self._quota.state(now)),
            )

    async def aclose(self) -> None:
        """Give back what is held elsewhere, which is nothing where no other process shares the limits."""

    def _refusal(self, now: float, since: float) -> RateLimitError:
        self._record.timed_out += 1
        paused = self._paused_until > now
        ready = self._paused_until if paused else max(now, self._next)
        waiting = self._queue.length
        why = "the provider asked for a pause" if paused else f"{waiting} {'request waits' if waiting == 1 else 'wait'}"
        return RateLimitError(
            f"no room within the limits after {now - since:.3g} s: {why}; nothing was sent",
            retry_after=ready - now if ready < math.inf else None,
            phase="request",
            hint="a longer max_wait, or higher limits",
        )

    def _now(self) -> float:
        """Return the time, which never goes back: loops look at the clock at different moments."""
        loop = asyncio._get_running_loop()
        now = time.monotonic() if loop is None else loop.time()
        if now < self._latest:
            return self._latest
        self._latest = now
        return now


def _checked_wait(seconds: float | None) -> float | None:
    if seconds is not None and not 0 <= seconds < math.inf:
        raise ValueError(f"max_wait must be a number of seconds from 0, or None; got {seconds!r}")
    return seconds

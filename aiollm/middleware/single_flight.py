"""Identical calls at the same time: one of them is made, and all of them get its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from copy import deepcopy
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

import msgspec

from aiollm.cache.key import cache_key, target_key
from aiollm.core.call_scope import CallScope
from aiollm.engine.answer import Answer, WholeReply
from aiollm.engine.broadcast import own_copy
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.engine.options import Alternative, CallOptions
from aiollm.exceptions import StreamCancelled
from aiollm.middleware.cache import Destination, destination_of, request_key
from aiollm.providers.registry import Api
from aiollm.types.timeouts import Timeouts

__all__ = ["Shared", "SharedReply", "SingleFlight"]

A = TypeVar("A", bound=Answer)
A_co = TypeVar("A_co", bound=Answer, covariant=True)
Whole = TypeVar("Whole")


class Shared(Protocol[A_co]):
    """An answer that several calls share: a `Broadcast` of a stream, or a `SharedReply`."""

    @property
    def joinable(self) -> bool:
        """Whether another call would still get all of it."""
        ...

    def join(self, call: Call) -> A_co:
        """Return an answer of the call's own."""
        ...

    async def run(self) -> None:
        """Read it to its end, once those who have waited have joined."""


class SharedReply(Generic[Whole]):
    """The reply of an API that does not stream, for several calls."""

    joinable = True

    def __init__(self, reply: WholeReply[Whole]) -> None:
        self._reply = reply

    def join(self, call: Call) -> WholeReply[Whole]:
        call.attempts[:] = self._reply.attempts
        reply = self._reply
        return WholeReply(call, deepcopy(reply.response), reply.head, reply.usage, reply.origin)

    async def run(self) -> None:
        """It has come."""


class SingleFlight(Generic[A]):
    """Makes one call of those that ask exactly the same with the same credentials, as long as it is under way.

    The call belongs to none of those who share it. It goes on while one of them is left, and ends with the last.
    Each gets the whole answer from its beginning as copies, with a scope and the clock `total` of its own; an error
    reaches all, each as a copy. Calls that differ in another clock or in a policy do not share, nor do those on
    different event loops, nor those with a clock of a scope around them, which must hear when it runs out.

    Args:
        api: what the answers are of.
        share: makes an answer one for several calls.
        destination: where calls go.
    """

    def __init__(self, api: Api, share: Callable[[A], Shared[A]], destination: Destination = destination_of) -> None:
        self._api: Api = api
        self._share = share
        self._destination = destination
        # By loop and call. Threads share it; each has its own loop, and each access is one atomic operation.
        self._flights: dict[tuple[asyncio.AbstractEventLoop, Hashable], _Flight[A]] = {}

    async def __call__(self, call: Call, handler: Handler[A]) -> A:
        key = self._key(call)
        if key is None:
            return await handler(call)
        call.scope.check(call.target.provider.name)
        while True:
            flight = self._flights.get((call.scope.loop, key))
            if flight is None or not flight.joinable:
                flight = self._start(call, handler, key)
            if (answer := await flight.board(call)) is not None:
                return answer

    def _start(self, call: Call, handler: Handler[A], key: Hashable) -> _Flight[A]:
        course = call.scope.loop, key
        flight = self._flights[course] = _Flight(call, handler, self._share)

        def landed(_: asyncio.Task[None]) -> None:
            if self._flights.get(course) is flight:
                del self._flights[course]

        flight.task.add_done_callback(landed)
        return flight

    def _key(self, call: Call) -> Hashable | None:
        request, clocks = call.request, call.scope.timeouts
        if call.scope.has_borrowed_clocks:
            return None
        key = call.key or request_key(self._api, call, self._destination, call.options.cache.namespace or "")
        if key is None:
            return None
        try:
            policy = _policy(self._api, call.options)
        except (TypeError, ValueError, RecursionError):  # of a fallback's request, which is told so if it comes to that
            return None
        form = request.stream, request.include_usage, repr(request.params.get("stream_options"))
        return key, form, (clocks.connect, clocks.first_token, clocks.idle), policy


class _Flight(Generic[A]):
    """One call that is under way for all who wait for it or read its answer."""

    def __init__(self, call: Call, handler: Handler[A], share: Callable[[A], Shared[A]]) -> None:
        self._shared: Shared[A] | None = None
        self._failure: BaseException | None = None
        self._opened = asyncio.Event()
        self._boarded = asyncio.Event()
        self._waiting = 0
        self._left = False
        scope = CallScope(call.scope.loop, _shared_clocks(call.scope.timeouts), alone=True)
        self._call = msgspec.structs.replace(call, scope=scope, attempts=[], keeps_frames=False)
        self.task = call.scope.loop.create_task(self._fly(handler, share))

    @property
    def joinable(self) -> bool:
        """Whether another call can still have all of the answer."""
        if self._left or self.task.done() or self._failure is not None:
            return False
        return self._shared is None or self._shared.joinable

    async def board(self, call: Call) -> A | None:
        """Return an answer of the call's own when the first content has come; None if all others have left by then.

        Raises:
            APIError: no answer came.
        """
        self._waiting += 1
        try:
            if not self._opened.is_set():
                await call.scope.wait(self._opened.wait(), call.target.provider.name)
            if self._failure is not None:
                call.attempts[:] = self._call.attempts
                raise own_copy(self._failure)
            return self._shared.join(call) if self._shared is not None and self._shared.joinable else None
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._nobody_waits()

    def _nobody_waits(self) -> None:
        if self._opened.is_set():
            self._boarded.set()
        else:
            self._left = True
            self.task.cancel()

    async def _fly(self, handler: Handler[A], share: Callable[[A], Shared[A]]) -> None:
        try:
            self._shared = share(await handler(self._call))
        except asyncio.CancelledError:
            self._failure = StreamCancelled("the task that asks for all who share the answer was cancelled")
            raise
        except Exception as error:  # noqa: BLE001  # it is raised in each of those who wait
            self._failure = error
            return
        finally:
            self._opened.set()
        await self._boarded.wait()
        await self._shared.run()


@lru_cache(maxsize=256)
def _shared_clocks(clocks: Timeouts) -> Timeouts:
    """Return the clocks of a call for several: everyone's own `total` holds for him alone."""
    return msgspec.structs.replace(clocks, total=None)


def _policy(api: Api, options: CallOptions) -> Hashable:
    """Return what calls that share must have in common besides the request: the same policies, which hold for all."""
    others = msgspec.structs.astuple(msgspec.structs.replace(options, cache=None, fallbacks=None))
    if options.fallbacks is None:
        return others
    fallbacks = options.fallbacks
    elsewhere = (
        None if listed is None else tuple(_alternative(api, other) for other in listed)
        for listed in (fallbacks.default, fallbacks.context_window, fallbacks.content_policy)
    )
    return others, *elsewhere


def _alternative(api: Api, other: Alternative) -> Hashable:
    return other.group, target_key(other.target), cache_key(api, other.request, "")

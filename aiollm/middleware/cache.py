"""Answers from the cache: a call that was made before, exactly so, is not made again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from aiollm.cache.cache import Cache
from aiollm.cache.entry import Entry, worth_keeping
from aiollm.cache.key import cache_key, target_key
from aiollm.engine.answer import Answer
from aiollm.engine.attempt import Attempt
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.engine.outcome import Outcome
from aiollm.providers.registry import Api
from aiollm.types.request import Request

__all__ = ["Caching", "Destination", "destination_of", "request_key"]

A = TypeVar("A", bound=Answer)

Destination = Callable[[Call], str | None]
"""Gives the digest of where a call goes and as whom; None for a call whose answer is not to be shared."""

_WITH_EFFECTS = ("background", "conversation")
"""Parameters of the Responses API that make a call more than a question: it changes something at the provider."""

_PLAIN_CAUSES = frozenset({"first", "retry", "hedge"})
"""Of attempts whose answers come from where the call was sent, and in one piece."""


def destination_of(call: Call) -> str | None:
    """Return where a call goes that names a provider. Where a router picks the place, the router knows more."""
    return None if call.group is not None else target_key(call.target)


def request_key(api: Api, call: Call, destination: Destination, namespace: str) -> str | None:
    """Return the key that calls have in common which can share an answer; None for a call that cannot share.

    A call whose token comes from a function of the caller's shares within a namespace only: whom the function stands
    for is not known before it is asked.
    """
    request = call.request
    if request.mock_response is not None or any(request.params.get(name) for name in _WITH_EFFECTS):
        return None
    if call.target.token_source is not None and not namespace:
        return None
    where = destination(call)
    if call.group is not None:
        request = msgspec.structs.replace(request, model=call.group)
    try:
        return None if where is None else cache_key(api, request, where, namespace)
    except (TypeError, ValueError, RecursionError):  # it cannot be sent either, and is told so where it is tried
        return None


class Caching(Generic[A]):
    """Looks into the cache first, and keeps what comes.

    Only an answer that came to its own end is kept: none that was cut, left, cancelled or filtered, none that was made
    up, and none of a fallback, which would stand in for the model that was asked for long after its recovery. It is
    put together once, at the end; nothing is done for a chunk.

    Args:
        cache: where answers are kept.
        api: what they are answers of.
        replay: gives a kept answer as what the handler would have given.
        destination: where calls go.
    """

    def __init__(
        self, cache: Cache, api: Api, replay: Callable[[Call, Entry], A], destination: Destination = destination_of
    ) -> None:
        self._cache = cache
        self._api: Api = api
        self._replay = replay
        self._destination = destination

    async def __call__(self, call: Call, handler: Handler[A]) -> A:
        control = call.options.cache
        namespace = self._cache.namespace if control.namespace is None else control.namespace
        used = control.read or control.write
        key = request_key(self._api, call, self._destination, namespace) if used else None
        if key is None:
            return await handler(call)
        if control.read:
            finding = self._cache.find(self._api, key, max_age=control.max_age, with_usage=_asks_usage(call.request))
            entry = await call.scope.wait(finding, "the cache")
            if entry is not None:
                return self._replay(call, entry)
        answer = await handler(msgspec.structs.replace(call, key=key))
        if control.write:
            keep = partial(self._cache.keep, self._api, key, ttl=control.ttl, asked_usage=_asks_usage(call.request))
            answer.notify(partial(_ended, keep, call.attempts))
        return answer


def _ended(keep: Callable[[Any], None], attempts: list[Attempt], outcome: Outcome) -> None:
    if outcome.ended != "complete" or any(attempt.cause not in _PLAIN_CAUSES for attempt in attempts):
        return
    response = outcome.response
    if response is not None and worth_keeping(response):
        keep(response)


def _asks_usage(request: Request) -> bool:
    """Whether the answer is to have the usage: a whole one has it unasked."""
    return request.include_usage or not request.stream

"""The order of the policies, and the engine's three ways to ask behind them.

Outermost first:

- cache: outside of all that asks, because a kept answer needs nobody.
- single flight: outside of what a call costs, so that calls which share an answer cost one.
- fallback: outside of retry, so that each model gets all its tries before another is asked.
- retry: outside of what chooses and sends, so that each try may go elsewhere, waits for its own permit, and is written
  down; outside of hedge, so that a pair of requests is one try.
- hedge: outside of what chooses and sends, so that the second request may go elsewhere.
- route: gives each request its deployment, in a router; outside of limits, because each deployment has its own.
- limits: outside of record, so that the waiting is no part of the attempt.
- record: innermost, so that it sees each attempt as it is sent, and nothing of the waiting before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from aiollm.cache.cache import Cache
from aiollm.cache.entry import Entry
from aiollm.core.gate import Gate
from aiollm.engine.answer import Answer, WholeReply
from aiollm.engine.broadcast import Broadcast
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler, Middleware, chain
from aiollm.engine.connect import open_events, open_stream
from aiollm.engine.embedding import embed, one_by_one
from aiollm.engine.events import EventStream
from aiollm.engine.record import record
from aiollm.engine.replay import replayed_chat, replayed_embeddings, replayed_events
from aiollm.engine.stream import ChunkStream
from aiollm.exceptions import APIError
from aiollm.middleware.cache import Caching, destination_of
from aiollm.middleware.fallback import fall_back
from aiollm.middleware.hedge import Hedge, Hedging
from aiollm.middleware.limits import Limits
from aiollm.middleware.retry import Retry, Retrying
from aiollm.middleware.single_flight import Shared, SharedReply, SingleFlight
from aiollm.providers.registry import Api
from aiollm.router.routing import Routing
from aiollm.types.embedding import EmbeddingResponse

__all__ = ["DEFAULT", "Stack"]

A = TypeVar("A", bound=Answer)


class Stack:
    """The policies of one client around each of the engine's ways to ask.

    Args:
        retry: when a failed attempt is made again.
        hedge: when a late one is made once more; None for never.
        limiter: the limits that all attempts are under.
        routing: a router's policies: its own way to try again, who gets each attempt, and the limits of each.
        cache: where answers are kept.
        single_flight: whether identical calls at the same time share one answer.

    Attributes:
        chat: sends a chat completion.
        events: sends a call of the Responses API.
        embeddings: sends a call for embeddings.
    """

    def __init__(
        self,
        *,
        retry: Retry | None = None,
        hedge: Hedge | None = None,
        limiter: Gate | None = None,
        routing: Routing | None = None,
        cache: Cache | None = None,
        single_flight: bool = False,
    ) -> None:
        of_call: list[Middleware] = [_told, fall_back]
        trying: list[Middleware] = [Retrying(retry or Retry()) if routing is None else routing.retrying]
        if hedge is not None:
            trying.append(Hedging(hedge))
        limits: list[Middleware] = [] if limiter is None else [Limits(lambda call: limiter)]
        if routing is not None:
            limits.append(Limits(routing.limiter_of))
        sending: list[Middleware] = [*limits, record]

        def asking(api: Api) -> list[Middleware]:
            return trying if routing is None else [*trying, routing.route(api)]

        def sharing(
            handler: Handler[A], api: Api, share: Callable[[A], Shared[A]], replay: Callable[[Call, Entry], A]
        ) -> Handler[A]:
            destination = destination_of if routing is None else routing.destination(api)
            if single_flight:
                handler = partial(SingleFlight(api, share, destination), handler=handler)
            return handler if cache is None else partial(Caching(cache, api, replay, destination), handler=handler)

        chat: Handler[ChunkStream] = chain([*of_call, *asking("chat"), *sending], open_stream)
        events: Handler[EventStream] = chain([*of_call, *asking("responses"), *sending], open_events)
        # A router knows only of a deployment whether it takes many texts at once.
        of_call, of_text = (of_call, trying) if routing is None else ([*of_call, *asking("embeddings")], [])
        each_text = partial(one_by_one, handler=chain([*of_text, *sending], embed))
        embeddings: Handler[WholeReply[EmbeddingResponse]] = chain(of_call, each_text)
        self.chat = sharing(chat, "chat", Broadcast, replayed_chat)
        self.events = sharing(events, "responses", Broadcast, replayed_events)
        self.embeddings = sharing(embeddings, "embeddings", SharedReply, replayed_embeddings)


async def _told(call: Call, handler: Handler[A]) -> A:
    """Let an error tell of all attempts, those after its own among them."""
    try:
        return await handler(call)
    except APIError as error:
        error.attempts = tuple(call.attempts)
        raise


DEFAULT = Stack()
"""The policies of the functions of the package: `acompletion` and the others."""

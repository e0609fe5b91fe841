"""The order of the policies, and the engine's three ways to ask behind them.

Outermost first:

- observe: outside of everything, so that every call is told of once, however it is answered.
- cache: outside of all that asks, because a kept answer needs nobody.
- single flight: outside of what a call costs, so that calls which share an answer cost one.
- budget: around all attempts of a call, which are paid for together, and of which none is made without the money.
- recovery: outside of all that asks, because it asks again, for the rest of an answer or for another one.
- fallback: outside of retry, so that each model gets all its tries before another is asked.
- retry: outside of what chooses and sends, so that each try may go elsewhere, waits for its own permit, and is written
  down; outside of hedge, so that a pair of requests is one try.
- hedge: outside of what chooses and sends, so that the second request may go elsewhere.
- route: gives each request its deployment, in a router; outside of limits, because each deployment has its own.
- prefill: behind the choice of a target, which must be one that goes on with an answer; before anything is sent.
- limits: outside of record, so that the waiting is no part of the attempt.
- record: innermost, so that it sees each attempt as it is sent, and nothing of the waiting before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from aiollm.cache.entry import Entry
from aiollm.core.gate import Gate
from aiollm.engine.answer import Answer, WholeReply
from aiollm.engine.broadcast import Broadcast
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler, Middleware, around, chain
from aiollm.engine.connect import open_events, open_stream
from aiollm.engine.embedding import embed, one_by_one
from aiollm.engine.events import EventStream
from aiollm.engine.record import record
from aiollm.engine.replay import replayed_chat, replayed_embeddings, replayed_events
from aiollm.engine.stream import ChunkStream
from aiollm.middleware.budgeting import Budgeting, ways_of_call
from aiollm.middleware.cache import Caching, destination_of
from aiollm.middleware.fallback import fall_back
from aiollm.middleware.hedge import Hedging
from aiollm.middleware.limits import Limits
from aiollm.middleware.observe import Observing
from aiollm.middleware.recovery import Recovering, prefill
from aiollm.middleware.retry import Retrying
from aiollm.middleware.single_flight import Shared, SharedReply, SingleFlight
from aiollm.policies import Policies
from aiollm.providers.registry import Api
from aiollm.router.routing import Routing
from aiollm.types.embedding import EmbeddingResponse

__all__ = ["DEFAULT", "Stack"]

A = TypeVar("A", bound=Answer)


class Stack:
    """The policies of one client around each of the engine's ways to ask.

    Args:
        policies: what the client says.
        routing: what a router adds: its own way to try again, who gets each attempt, and the limits of each.

    Attributes:
        chat: sends a chat completion.
        events: sends a call of the Responses API; a stream of events that breaks off is never taken up again.
        embeddings: sends a call for embeddings.
    """

    def __init__(self, policies: Policies, routing: Routing | None = None) -> None:
        trying = _trying(policies, routing)
        sending = _sending(policies, routing)

        def asking(api: Api) -> list[Middleware]:
            return trying if routing is None else [*trying, routing.route(api)]

        def sharing(
            handler: Handler[A], api: Api, share: Callable[[A], Shared[A]], replay: Callable[[Call, Entry], A]
        ) -> Handler[A]:
            destination = destination_of if routing is None else routing.destination(api)
            if policies.single_flight:
                handler = around(SingleFlight(api, share, destination), handler)
            if policies.cache is not None:
                handler = around(Caching(policies.cache, api, replay, destination), handler)
            if policies.hooks:
                handler = around(Observing(policies.hooks, api), handler)
            return handler

        of_call = _of_call(policies, routing)
        recovering = _recovering(policies, routing)
        chat: Handler[ChunkStream] = chain(of_call, _chat(policies, asking("chat"), recovering, sending))
        events: Handler[EventStream] = chain([*of_call, fall_back, *asking("responses"), *sending], open_events)
        route = None if routing is None else routing.route("embeddings")
        embeddings = _embeddings([*of_call, fall_back], trying, route, sending)
        self.chat: Handler[ChunkStream] = sharing(chat, "chat", Broadcast, replayed_chat)
        self.events: Handler[EventStream] = sharing(events, "responses", Broadcast, replayed_events)
        self.embeddings: Handler[WholeReply[EmbeddingResponse]] = sharing(
            embeddings, "embeddings", SharedReply, replayed_embeddings
        )


def _of_call(policies: Policies, routing: Routing | None) -> list[Middleware]:
    """Return what is around a whole call."""
    if policies.budget is None:
        return []
    return [Budgeting(policies.budget, ways_of_call if routing is None else routing.ways)]


def _chat(
    policies: Policies, asking: list[Middleware], recovering: Recovering, sending: list[Middleware]
) -> Handler[ChunkStream]:
    """Return what sends a chat completion: most ask one model only, and for one answer, and need fewer steps."""
    straight: Handler[ChunkStream] = chain([*asking, *sending], open_stream)
    all_ways = around(recovering, chain([fall_back, *asking, prefill, *sending], open_stream))
    if policies.mid_stream != "never":
        return all_ways

    def chat(call: Call) -> Awaitable[ChunkStream]:
        options = call.options
        plain = options.fallbacks is None and options.mid_stream in (None, "never")
        return straight(call) if plain else all_ways(call)

    return chat


def _trying(policies: Policies, routing: Routing | None) -> list[Middleware]:
    """Return what makes one attempt after the other."""
    retrying = Retrying(policies.retry) if routing is None else routing.retrying
    return [retrying] if policies.hedge is None else [retrying, Hedging(policies.hedge)]


def _recovering(policies: Policies, routing: Routing | None) -> Recovering:
    """Return what takes up a stream that breaks off."""
    if routing is None:
        return Recovering(policies.mid_stream, policies.retry.budget)
    return Recovering(policies.mid_stream, policies.retry.budget, routing.retrying.goes_elsewhere)


def _sending(policies: Policies, routing: Routing | None) -> list[Middleware]:
    """Return what sends one attempt."""
    of_client = [] if policies.limiter is None else [Limits(_limiter(policies.limiter))]
    of_deployment = [] if routing is None else [Limits(routing.limiters.of)]
    return [*of_client, *of_deployment, record]


def _limiter(limiter: Gate | Mapping[str, Gate]) -> Gate | Callable[[Call], Gate | None]:
    """Return the limiter of every call, or what tells that of each."""
    if isinstance(limiter, Mapping):
        return lambda call: limiter.get(call.target.provider.name)
    return limiter


def _embeddings(
    of_call: list[Middleware], trying: list[Middleware], route: Middleware | None, sending: list[Middleware]
) -> Handler[WholeReply[EmbeddingResponse]]:
    """Return what sends a call for embeddings, whose texts may have to be sent one by one."""
    if route is None:
        return chain(of_call, around(one_by_one, chain([*trying, *sending], embed)))
    # A router knows only of a deployment whether it takes many texts at once.
    return chain([*of_call, *trying, route], around(one_by_one, chain(sending, embed)))


DEFAULT = Stack(Policies())
"""The policies of the functions of the package: `acompletion` and the others."""

"""The order of the policies, and the engine's three ways to ask behind them.

Outermost first:

- budget: around all attempts of a call, which are paid for together, and of which none is made without the money.
- fallback: outside of retry, so that each model gets all its tries before another is asked.
- retry: outside of what chooses and sends, so that each try may go elsewhere, waits for its own permit, and is written
  down; outside of hedge, so that a pair of requests is one try.
- hedge: outside of what chooses and sends, so that the second request may go elsewhere.
- route: gives each request its deployment, in a router; outside of limits, because each deployment has its own.
- limits: outside of record, so that the waiting is no part of the attempt.
- record: innermost, so that it sees each attempt as it is sent, and nothing of the waiting before.
"""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from aiollm.core.gate import Gate
from aiollm.engine.answer import Answer, WholeReply
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler, Middleware, chain
from aiollm.engine.connect import open_events, open_stream
from aiollm.engine.embedding import embed, one_by_one
from aiollm.engine.events import EventStream
from aiollm.engine.record import record
from aiollm.engine.stream import ChunkStream
from aiollm.exceptions import APIError
from aiollm.middleware.budget import Budget
from aiollm.middleware.budgeting import Budgeting, ways_of_call
from aiollm.middleware.fallback import fall_back
from aiollm.middleware.hedge import Hedge, Hedging
from aiollm.middleware.limits import Limits
from aiollm.middleware.retry import Retry, Retrying
from aiollm.providers.registry import Api
from aiollm.router.routing import Routing
from aiollm.types.embedding import EmbeddingResponse

__all__ = ["DEFAULT", "Stack"]

A = TypeVar("A", bound=Answer)


class Stack:
    """The policies of one client around each of the engine's ways to ask.

    Args:
        retry: when a failed attempt is made again.
        budget: what all calls may spend together.
        hedge: when a late one is made once more; None for never.
        limiter: the limits that all attempts are under.
        routing: a router's policies: its own way to try again, who gets each attempt, and the limits of each.

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
        budget: Budget | None = None,
        routing: Routing | None = None,
    ) -> None:
        of_call: list[Middleware] = [_told]
        if budget is not None:
            of_call.append(Budgeting(budget, ways_of_call if routing is None else routing.ways))
        of_call.append(fall_back)
        trying: list[Middleware] = [Retrying(retry or Retry()) if routing is None else routing.retrying]
        if hedge is not None:
            trying.append(Hedging(hedge))
        limits: list[Middleware] = [] if limiter is None else [Limits(lambda call: limiter)]
        if routing is not None:
            limits.append(Limits(routing.limiter_of))
        sending: list[Middleware] = [*limits, record]

        def asking(api: Api) -> list[Middleware]:
            return trying if routing is None else [*trying, routing.route(api)]

        self.chat: Handler[ChunkStream] = chain([*of_call, *asking("chat"), *sending], open_stream)
        self.events: Handler[EventStream] = chain([*of_call, *asking("responses"), *sending], open_events)
        # A router knows only of a deployment whether it takes many texts at once.
        of_call, of_text = (of_call, trying) if routing is None else ([*of_call, *asking("embeddings")], [])
        each_text = partial(one_by_one, handler=chain([*of_text, *sending], embed))
        self.embeddings: Handler[WholeReply[EmbeddingResponse]] = chain(of_call, each_text)


async def _told(call: Call, handler: Handler[A]) -> A:
    """Let an error tell of all attempts, those after its own among them."""
    try:
        return await handler(call)
    except APIError as error:
        error.attempts = tuple(call.attempts)
        raise


DEFAULT = Stack()
"""The policies of the functions of the package: `acompletion` and the others."""

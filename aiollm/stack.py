"""The order of the policies, and the engine's three ways to ask behind them.

Outermost first:

- fallback: outside of retry, so that each model gets all its tries before another is asked.
- retry: outside of what chooses and sends, so that each try may go elsewhere, waits for its own permit, and is written
  down; outside of hedge, so that a pair of requests is one try.
- hedge: outside of what chooses and sends, so that the second request may go elsewhere.
- record: innermost, so that it sees each attempt as it is sent, and nothing of the waiting before.
"""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from aiollm.engine.answer import Answer, WholeReply
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler, Middleware, chain
from aiollm.engine.connect import open_events, open_stream
from aiollm.engine.embedding import embed, one_by_one
from aiollm.engine.events import EventStream
from aiollm.engine.record import record
from aiollm.engine.stream import ChunkStream
from aiollm.exceptions import APIError
from aiollm.middleware.fallback import fall_back
from aiollm.middleware.hedge import Hedge, Hedging
from aiollm.middleware.retry import Retry, Retrying
from aiollm.types.embedding import EmbeddingResponse

__all__ = ["DEFAULT", "Stack"]

A = TypeVar("A", bound=Answer)


class Stack:
    """The policies of one client around each of the engine's ways to ask.

    Args:
        retry: when a failed attempt is made again.
        hedge: when a late one is made once more; None for never.

    Attributes:
        chat: sends a chat completion.
        events: sends a call of the Responses API.
        embeddings: sends a call for embeddings.
    """

    def __init__(self, *, retry: Retry | None = None, hedge: Hedge | None = None) -> None:
        of_call: list[Middleware] = [_told, fall_back]
        of_attempt: list[Middleware] = [Retrying(retry or Retry())]
        if hedge is not None:
            of_attempt.append(Hedging(hedge))
        of_attempt.append(record)
        self.chat: Handler[ChunkStream] = chain([*of_call, *of_attempt], open_stream)
        self.events: Handler[EventStream] = chain([*of_call, *of_attempt], open_events)
        each_text = partial(one_by_one, handler=chain(of_attempt, embed))
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

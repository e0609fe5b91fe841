"""A client with the blocking functions too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiollm.cache.cache import Cache
from aiollm.client import AsyncClient, as_method_of, hidden_arguments
from aiollm.core.gate import Gate
from aiollm.embedding_call import aembedding
from aiollm.engine.options import MidStream
from aiollm.hooks.hook import Hook, checked_hooks
from aiollm.middleware.budget import Budget
from aiollm.middleware.hedge import Hedge
from aiollm.middleware.retry import Retry
from aiollm.policies import Policies
from aiollm.sync.blocking import wait_for, wait_for_stream
from aiollm.sync.facade import typed_chat, typed_responses
from aiollm.sync.stream import SyncEventStream, SyncStream
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.response import ModelResponse
from aiollm.types.responses import ResponsesAPIResponse

__all__ = ["BlockingCalls", "Client"]


class BlockingCalls(AsyncClient):
    """The blocking twins of a client's functions; they run on the loop thread while the caller's thread waits."""

    @typed_chat
    def completion(self, model: str, messages: Any, **options: Any) -> SyncStream | ModelResponse:
        """Ask a model for a chat completion, as `aiollm.completion` does, under this client's policies."""
        options = hidden_arguments(options)
        return wait_for_stream(SyncStream, self.acompletion, model, messages, **options)

    @typed_responses
    def responses(self, input: Any, model: str, **options: Any) -> SyncEventStream | ResponsesAPIResponse:
        """Ask a model for a response, as `aiollm.responses` does, under this client's policies."""
        options = hidden_arguments(options)
        return wait_for_stream(SyncEventStream, self.aresponses, input, model, **options)

    @as_method_of(aembedding)
    def embedding(self, model: str, input: Any, **options: Any) -> EmbeddingResponse:
        """Ask a model for vectors, as `aiollm.embedding` does, under this client's policies."""
        options = hidden_arguments(options)
        return wait_for(self.aembedding, model, input, **options)


class Client(BlockingCalls):
    """The functions of the package, with policies that hold for all calls made through this object.

        client = aiollm.Client(retry=aiollm.Retry(retries=4))
        response = client.completion(model="openai/gpt-4o", messages=messages)
        stream = await client.acompletion(model="openai/gpt-4o", messages=messages, stream=True)

    It holds no connections: those belong to the event loop that a call is made on, and are shared. So it needs no
    closing, and may be used from several event loops and threads at once.

    Args:
        retry: when a failed attempt is made again; `Retry()` where nothing is said.
        hedge: when a late attempt is made once more, elsewhere; never where nothing is said.
        limiter: the limits that all requests of this client are under; none where nothing is said. Several clients may
            share one. Or a dict, provider -> the limits of its requests: for calls that fall back to another provider,
            whom the pause that the first asks for must not hold up.
        budget: what all calls may spend together; one that does not fit in is refused with `BudgetExceededError`.
        mid_stream: what becomes of a stream of chat that breaks off, where a call does not say it itself: "never",
            "restart" or "continue", as `acompletion` describes them.
        cache: where answers are kept, for calls that ask exactly the same; none where nothing is said.
        single_flight: whether calls that ask exactly the same at the same time share one answer.
        hooks: who hears what becomes of calls: functions that get an event (`CallStarted` and the others) and must be
            quick, asynchronous ones, which never hold up a call (see `Sink`), and objects such as a `CustomLogger`.

    Raises:
        TypeError: a policy is of another type.
        ValueError: there is no such `mid_stream`.
    """

    def __init__(
        self,
        *,
        retry: Retry | None = None,
        hedge: Hedge | None = None,
        limiter: Gate | Mapping[str, Gate] | None = None,
        budget: Budget | None = None,
        mid_stream: MidStream = "never",
        cache: Cache | None = None,
        single_flight: bool = False,
        hooks: Iterable[Hook] = (),
    ) -> None:
        super().__init__(
            Policies(
                retry=Retry() if retry is None else retry,
                hedge=hedge,
                limiter=limiter,
                budget=budget,
                mid_stream=mid_stream,
                cache=cache,
                single_flight=single_flight,
                hooks=checked_hooks(hooks),
            )
        )

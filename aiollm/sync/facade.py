"""`completion`, `responses` and `embedding`: the asynchronous functions, run on the loop thread."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from aiollm.api import acompletion
from aiollm.calling import ChatCompletion
from aiollm.client import hidden_arguments
from aiollm.embedding_call import aembedding
from aiollm.responding import ResponsesCall
from aiollm.responses_call import aresponses
from aiollm.sync.blocking import wait_for, wait_for_stream
from aiollm.sync.stream import SyncEventStream, SyncStream
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.response import ModelResponse
from aiollm.types.responses import ResponsesAPIResponse

__all__ = ["completion", "embedding", "responses", "typed_chat", "typed_responses"]

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def typed_chat(function: Any) -> ChatCompletion[SyncStream, ModelResponse]:
    """Give a blocking chat completion the type that its overloads say."""
    return function  # type: ignore[no-any-return]


def typed_responses(function: Any) -> ResponsesCall[SyncEventStream, ResponsesAPIResponse]:
    """Give a blocking call of the Responses API the type that its overloads say."""
    return function  # type: ignore[no-any-return]


def _typed_as(
    twin: Callable[Arguments, Coroutine[Any, Any, Answer]],
) -> Callable[[Callable[..., Answer]], Callable[Arguments, Answer]]:
    """Give a function the arguments of its asynchronous twin."""
    return lambda function: function


@typed_chat
def completion(model: str, messages: Any, **options: Any) -> SyncStream | ModelResponse:
    """Ask a model for a chat completion, and wait for it.

    The arguments and errors are those of `acompletion`; a stream comes back as a `SyncStream`. It may be called from
    any thread, many at a time, and inside a running event loop, which it blocks while it waits.
    """
    options = hidden_arguments(options)
    return wait_for_stream(SyncStream, acompletion, model, messages, **options)


@typed_responses
def responses(input: Any, model: str, **options: Any) -> SyncEventStream | ResponsesAPIResponse:
    """Ask a model for a response, and wait for it: to `aresponses` what `completion` is to `acompletion`."""
    options = hidden_arguments(options)
    return wait_for_stream(SyncEventStream, aresponses, input, model, **options)


@_typed_as(aembedding)
def embedding(model: str, input: Any, **options: Any) -> EmbeddingResponse:
    """Ask a model for vectors, and wait for them: to `aembedding` what `completion` is to `acompletion`."""
    options = hidden_arguments(options)
    return wait_for(aembedding, model, input, **options)

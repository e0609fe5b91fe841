"""`completion`, `responses` and `embedding`: the asynchronous functions, run on the loop thread."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar, cast

from aiollm.api import acompletion
from aiollm.arguments import hidden
from aiollm.calling import ChatCompletion
from aiollm.embedding_call import aembedding
from aiollm.providers.identity import hidden_options
from aiollm.responding import ResponsesCall
from aiollm.responses_call import aresponses
from aiollm.sync.stream import SyncEventStream, SyncStream
from aiollm.sync.thread import loop_thread
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.response import ModelResponse
from aiollm.types.responses import ResponsesAPIResponse

__all__ = ["completion", "embedding", "responses"]

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def _typed(function: Any) -> ChatCompletion[SyncStream, ModelResponse]:
    """Give the function the type that its overloads say."""
    return function  # type: ignore[no-any-return]


@_typed
def completion(model: str, messages: Any, **options: Any) -> SyncStream | ModelResponse:
    """Ask a model for a chat completion, and wait for it.

    The arguments and errors are those of `acompletion`; a stream comes back as a `SyncStream`. It may be called from
    any thread, many at a time, and inside a running event loop, which it blocks while it waits.
    """
    options = _hidden(options)
    thread = loop_thread()
    call = acompletion(model, messages, **options)
    if options.get("stream"):
        return SyncStream.open(thread, call)
    return cast("ModelResponse", thread.run(call))


def _typed_responses(function: Any) -> ResponsesCall[SyncEventStream, ResponsesAPIResponse]:
    """Give the function the type that its overloads say."""
    return function  # type: ignore[no-any-return]


@_typed_responses
def responses(input: Any, model: str, **options: Any) -> SyncEventStream | ResponsesAPIResponse:
    """Ask a model for a response, and wait for it: to `aresponses` what `completion` is to `acompletion`."""
    options = _hidden(options)
    thread = loop_thread()
    call = aresponses(input, model, **options)
    if options.get("stream"):
        return SyncEventStream.open(thread, call)
    return cast("ResponsesAPIResponse", thread.run(call))


def _typed_as(
    twin: Callable[Arguments, Coroutine[Any, Any, Answer]],
) -> Callable[[Callable[..., Answer]], Callable[Arguments, Answer]]:
    """Give a function the arguments of its asynchronous twin."""
    return lambda function: function


@_typed_as(aembedding)
def embedding(model: str, input: Any, **options: Any) -> EmbeddingResponse:
    """Ask a model for vectors, and wait for them: to `aembedding` what `completion` is to `acompletion`."""
    options = _hidden(options)
    return loop_thread().run(aembedding(model, input, **options))


def _hidden(options: dict[str, Any]) -> dict[str, Any]:
    """Hide what may be secret: a traceback that captures locals would show it."""
    options = hidden_options(options)
    for name in ("api_key", "azure_ad_token", "extra_headers"):
        if name in options:
            options[name] = hidden(options[name])
    return options

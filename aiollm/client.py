"""A client: the functions of the package, with policies of one's own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

from aiollm.api import acompletion, complete
from aiollm.arguments import hidden
from aiollm.calling import ChatCompletion
from aiollm.embedding_call import aembedding, embed
from aiollm.engine.events import EventStream
from aiollm.engine.stream import ChunkStream
from aiollm.middleware.hedge import Hedge
from aiollm.middleware.retry import Retry
from aiollm.providers.identity import hidden_options
from aiollm.responding import ResponsesCall
from aiollm.responses_call import respond, responses_arguments
from aiollm.stack import Stack
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.response import ModelResponse
from aiollm.types.responses import ResponsesAPIResponse

__all__ = ["AsyncClient", "as_method_of", "hidden_arguments"]

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def _chat(function: Any) -> ChatCompletion[Coroutine[Any, Any, ChunkStream], Coroutine[Any, Any, ModelResponse]]:
    """Give the method the type that its overloads say."""
    return function  # type: ignore[no-any-return]


def _responses(
    function: Any,
) -> ResponsesCall[Coroutine[Any, Any, EventStream], Coroutine[Any, Any, ResponsesAPIResponse]]:
    """Give the method the type that its overloads say."""
    return function  # type: ignore[no-any-return]


def as_method_of(
    twin: Callable[Arguments, Any],
) -> Callable[[Callable[..., Result]], Callable[Concatenate[Any, Arguments], Result]]:
    """Give a method the arguments of the function of the package that it stands for."""
    return lambda method: method


class AsyncClient:
    """The asynchronous half of `Client`, which says what it takes."""

    def __init__(self, *, retry: Retry | None = None, hedge: Hedge | None = None) -> None:
        self._stack = Stack(retry=retry, hedge=hedge)

    @_chat
    async def acompletion(self, model: str, messages: Any, **options: Any) -> ChunkStream | ModelResponse:
        """Ask a model for a chat completion, as `aiollm.acompletion` does, under this client's policies."""
        options = hidden_arguments(options)
        return await complete(
            self._stack.chat, _arguments(acompletion, {"model": model, "messages": messages}, options)
        )

    @_responses
    async def aresponses(
        self, input: Any, model: str, *, stream: bool | None = None, **options: Any
    ) -> EventStream | ResponsesAPIResponse:
        """Ask a model for a response, as `aiollm.aresponses` does, under this client's policies."""
        options = hidden_arguments(options)
        return await respond(self._stack.events, responses_arguments(input, model, stream, options))

    @as_method_of(aembedding)
    async def aembedding(self, model: str, input: Any, **options: Any) -> EmbeddingResponse:
        """Ask a model for vectors, as `aiollm.aembedding` does, under this client's policies."""
        options = hidden_arguments(options)
        return await embed(self._stack.embeddings, _arguments(aembedding, {"model": model, "input": input}, options))


def hidden_arguments(options: Mapping[str, Any]) -> dict[str, Any]:
    """Hide what may be secret: a traceback that captures locals would show it."""
    options = hidden_options(options)
    for name in ("api_key", "azure_ad_token", "extra_headers"):
        if name in options:
            options[name] = hidden(options[name])
    return options


def _arguments(function: Any, given: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all arguments of a function of the package by name, those that it does not know in `provider_params`."""
    defaults: dict[str, Any] = function.__kwdefaults__
    given = defaults | given | {name: value for name, value in options.items() if name in defaults}
    given["provider_params"] = {name: value for name, value in options.items() if name not in defaults}
    return given

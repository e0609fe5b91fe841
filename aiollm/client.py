"""A client: the functions of the package, with policies of one's own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

from aiollm.api import Find, acompletion, chat_call, complete, target_of
from aiollm.arguments import hidden
from aiollm.calling import ChatCompletion
from aiollm.embedding_call import aembedding, embed, embedding_call
from aiollm.engine.call import Call
from aiollm.engine.events import EventStream
from aiollm.engine.stream import ChunkStream
from aiollm.middleware.budgeting import Way, ways_of_call
from aiollm.policies import Policies
from aiollm.providers.identity import hidden_options
from aiollm.responding import ResponsesCall
from aiollm.responses_call import respond, responses_arguments, responses_call
from aiollm.router.routing import Routing
from aiollm.stack import Stack
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.response import ModelResponse
from aiollm.types.responses import ResponsesAPIResponse

__all__ = ["AsyncClient", "Build", "as_method_of", "hidden_arguments"]

Build = Callable[[dict[str, Any], Find], Call]
"""Makes a call of all arguments of a function of the package, and of what finds out where it goes."""

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

    def __init__(self, policies: Policies, routing: Routing | None = None) -> None:
        self._stack = Stack(policies, routing)
        self._ways = ways_of_call if routing is None else routing.ways

    @_chat
    async def acompletion(self, model: str, messages: Any, **options: Any) -> ChunkStream | ModelResponse:
        """Ask a model for a chat completion, as `aiollm.acompletion` does, under this client's policies."""
        options = hidden_arguments(options)
        return await complete(self._stack.chat, self.prepare(model, messages, options))

    @_responses
    async def aresponses(
        self, input: Any, model: str, *, stream: bool | None = None, **options: Any
    ) -> EventStream | ResponsesAPIResponse:
        """Ask a model for a response, as `aiollm.aresponses` does, under this client's policies."""
        options = hidden_arguments(options)
        given = responses_arguments(input, model, stream, options)
        return await respond(self._stack.events, self._call(responses_call, given))

    @as_method_of(aembedding)
    async def aembedding(self, model: str, input: Any, **options: Any) -> EmbeddingResponse:
        """Ask a model for vectors, as `aiollm.aembedding` does, under this client's policies."""
        options = hidden_arguments(options)
        given = _arguments(aembedding, {"model": model, "input": input}, options)
        return await embed(self._stack.embeddings, self._call(embedding_call, given))

    def prepare(self, model: str, messages: Any, options: Mapping[str, Any]) -> Call:
        """Return the call of chat that arguments mean, checked; nothing is sent.

        Args:
            model: as in `acompletion`, here and below.
            messages: the messages.
            options: the other arguments, by name; what is secret among them is hidden.

        Raises:
            APIError: what `acompletion` raises of its arguments.
        """
        return self._call(chat_call, _arguments(acompletion, {"model": model, "messages": messages}, options))

    async def send(self, call: Call) -> ChunkStream:
        """Send a call of chat under this client's policies, and return its answer; one that came whole has ended."""
        return await self._stack.chat(call)

    def ways(self, call: Call) -> Iterable[Way]:
        """Return the requests of which one may answer a call, and where they go."""
        return self._ways(call)

    def _call(self, build: Build, given: dict[str, Any]) -> Call:
        """Return the call that the arguments of a function of the package mean here."""
        return build(given, target_of)


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

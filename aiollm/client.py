"""A client: the functions of the package, with policies of one's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

from aiollm.api import Find, acompletion, chat_call, complete, target_of, typed_chat
from aiollm.arguments import hidden
from aiollm.embedding_call import aembedding, embed, embedding_call
from aiollm.engine.answer import WholeReply
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.engine.events import EventStream
from aiollm.engine.stream import ChunkStream
from aiollm.middleware.budgeting import Way, ways_of_call
from aiollm.policies import Policies
from aiollm.providers.identity import hidden_options
from aiollm.providers.registry import Api
from aiollm.responses_call import respond, responses_arguments, responses_call, typed_responses
from aiollm.router.routing import Routing
from aiollm.stack import Stack
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.response import ModelResponse
from aiollm.types.responses import ResponsesAPIResponse

__all__ = ["AsyncClient", "Build", "as_method_of", "hidden_arguments"]

Build = Callable[[dict[str, Any], Find], Call]
"""Makes a call of all arguments of a function of the package, and of what finds out where it goes."""

_HANDLERS: Mapping[Api, str] = {"chat": "chat", "responses": "events", "embeddings": "embeddings"}

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


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

    # In two steps, for those who account for calls: what was asked, and an answer with its account, whole or not

    def prepare(self, api: Api, arguments: Mapping[str, Any]) -> Call:
        """Return the call that arguments of `acompletion`, `aresponses` or `aembedding` mean. Nothing is sent.

        Raises:
            BadRequestError: an argument is wrong.
        """
        arguments = hidden_arguments(arguments)
        if api == "responses":
            rest = {name: value for name, value in arguments.items() if name not in ("input", "model", "stream")}
            given = responses_arguments(arguments["input"], arguments["model"], arguments.get("stream"), rest)
            return self._call(responses_call, given)
        if api == "embeddings":
            return self._call(embedding_call, _arguments(aembedding, _part(arguments, "model", "input"), arguments))
        return self._call(chat_call, _arguments(acompletion, _part(arguments, "model", "messages"), arguments))

    def send(self, api: Api, call: Call) -> Awaitable[ChunkStream | EventStream | WholeReply[EmbeddingResponse]]:
        """Send a prepared call, and return its answer; of a whole one, `response` has what the functions return.

        Raises and is cancelled as they are.
        """
        handler: Handler[Any] = getattr(self._stack, _HANDLERS[api])
        return handler(call)

    def ways(self, call: Call) -> Iterable[Way]:
        """Return the requests of which one may answer a prepared call, with the targets and the prices."""
        return self._ways(call)

    # The functions of the package

    @typed_chat
    async def acompletion(self, model: str, messages: Any, **options: Any) -> ChunkStream | ModelResponse:
        """Ask a model for a chat completion, as `aiollm.acompletion` does, under this client's policies."""
        options = hidden_arguments(options)
        given = _arguments(acompletion, {"model": model, "messages": messages}, options)
        return await complete(self._stack.chat, self._call(chat_call, given))

    @typed_responses
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


def _part(arguments: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: arguments.get(name) for name in names}


def _arguments(function: Any, given: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all arguments of a function of the package by name, those that it does not know in `provider_params`."""
    defaults: dict[str, Any] = function.__kwdefaults__
    arguments, further = {**defaults, **given}, {}
    for name, value in options.items():
        if name in defaults:
            arguments[name] = value
        elif name not in given:
            further[name] = value
    arguments["provider_params"] = further
    return arguments

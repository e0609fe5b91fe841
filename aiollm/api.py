"""The asynchronous API: keyword arguments to a request, validated once, here only."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import msgspec

from aiollm.arguments import (
    checked_dict,
    checked_flag,
    checked_function,
    checked_headers,
    checked_key,
    checked_messages,
    checked_names,
    checked_parameters,
    checked_text,
    checked_timeouts,
    faulty,
    hidden,
)
from aiollm.calling import ChatCompletion, Fallback, Messages
from aiollm.core.call_scope import CallScope
from aiollm.core.runtime import running_loop
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.engine.mock import MockResponse
from aiollm.engine.options import NO_OPTIONS, Alternative, Fallbacks, MidStream
from aiollm.engine.stream import ChunkStream
from aiollm.exceptions import BadRequestError
from aiollm.mock_arguments import mock_of
from aiollm.policy_arguments import call_options
from aiollm.providers.identity import IDENTITY_OPTIONS, hidden_options
from aiollm.providers.provider import Target
from aiollm.providers.registry import Api, resolve
from aiollm.providers.responses import chat_needs_responses
from aiollm.stack import DEFAULT
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.types.secret import Secret
from aiollm.types.timeouts import Timeouts

__all__ = ["Find", "acompletion", "chat_call", "chat_like", "complete", "request_parts", "target_of", "typed_chat"]

Find = Callable[[dict[str, Any], Api], Target]
"""Finds out where a call of an API goes, from all its arguments."""


def typed_chat(function: Any) -> ChatCompletion[Coroutine[Any, Any, ChunkStream], Coroutine[Any, Any, ModelResponse]]:
    """Give an asynchronous chat completion the type that its overloads say."""
    return function  # type: ignore[no-any-return]


@typed_chat
async def acompletion(
    model: str,
    messages: Messages,
    *,
    stream: bool | None = None,
    timeout: float | Timeouts | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    n: int | None = None,
    stream_options: Mapping[str, Any] | None = None,
    stop: str | Sequence[str] | None = None,
    max_tokens: int | None = None,
    max_completion_tokens: int | None = None,
    presence_penalty: float | None = None,
    frequency_penalty: float | None = None,
    logit_bias: Mapping[str, float] | None = None,
    logprobs: bool | None = None,
    top_logprobs: int | None = None,
    seed: int | None = None,
    user: str | None = None,
    tools: Sequence[Any] | None = None,
    tool_choice: str | Mapping[str, Any] | None = None,
    parallel_tool_calls: bool | None = None,
    functions: Sequence[Any] | None = None,
    function_call: str | Mapping[str, Any] | None = None,
    response_format: Mapping[str, Any] | type | None = None,
    reasoning_effort: str | Mapping[str, Any] | None = None,
    verbosity: str | None = None,
    modalities: Sequence[str] | None = None,
    audio: Mapping[str, Any] | None = None,
    prediction: Mapping[str, Any] | None = None,
    service_tier: str | None = None,
    store: bool | None = None,
    safety_identifier: str | None = None,
    prompt_cache_key: str | None = None,
    prompt_cache_retention: str | None = None,
    web_search_options: Mapping[str, Any] | None = None,
    extra_headers: Mapping[str, str] | None = None,
    extra_body: Mapping[str, Any] | None = None,
    stream_timeout: float | None = None,
    api_base: str | None = None,
    base_url: str | None = None,
    api_key: str | Secret | None = None,
    api_version: str | None = None,
    azure_ad_token: str | Secret | None = None,
    azure_ad_token_provider: Callable[[], Any] | None = None,
    organization: str | None = None,
    custom_llm_provider: str | None = None,
    drop_params: bool = False,
    additional_drop_params: Sequence[str] = (),
    allowed_openai_params: Sequence[str] = (),
    mock_response: MockResponse | None = None,
    mock_tool_calls: Sequence[Mapping[str, Any]] | None = None,
    mock_timeout: bool | None = None,
    metadata: Mapping[str, Any] | None = None,
    num_retries: int | None = None,
    max_retries: int | None = None,
    priority: int | None = None,
    fairness_key: str | None = None,
    fallbacks: Fallback | None = None,
    context_window_fallbacks: Fallback | None = None,
    content_policy_fallbacks: Fallback | None = None,
    mid_stream: MidStream | None = None,
    cache: Mapping[str, Any] | None = None,
    caching: bool | None = None,
    **provider_params: Any,
) -> ChunkStream | ModelResponse:
    """Ask a model for a chat completion.

    Args:
        model: "provider/model", as in "groq/llama-3.3-70b-versatile"; OpenAI's own names need no prefix, and
            "local/smollm2" is the model built in.
        messages: chat messages in OpenAI's shape.
        stream: return a stream of chunks instead of the whole answer.
        timeout: the longest wait in seconds, or a `Timeouts` that says all four clocks. A number sets the clocks
            `first_token` and `idle`, caps `connect`, and is `total` for a call that does not stream.
        stream_options: `{"include_usage": True}` adds one last chunk with the usage and no choices.
        stream_timeout: seconds; sets `first_token` and `idle` of a stream.
        extra_headers: headers sent besides ours, over them.
        extra_body: members merged into the request's body.
        api_base, base_url: the server's address, over the environment's and the provider's own; `base_url` wins.
        api_key: the key, over the environment's.
        api_version: the version of the API, for Azure; over the environment's.
        azure_ad_token: a token of Microsoft Entra, in the place of Azure's key.
        azure_ad_token_provider: a function that gives such a token, asked for each call. A plain one runs in a
            thread, because it may have to ask the network; it may also be asynchronous.
        organization: the account's organization, where the provider has a header for it.
        custom_llm_provider: the provider, over what `model` says.
        drop_params: leave out parameters that the provider does not take, instead of raising.
        additional_drop_params: names to leave out in any case; dots reach into nested members.
        allowed_openai_params: names to send even though the provider is not known to take them.
        mock_response: the answer, made up here; nothing is sent. A text, a response, chunks, an exception to raise, or
            the name of one of LiteLLM's, as in "litellm.RateLimitError".
        mock_tool_calls, mock_timeout: the same: tool calls that the answer has, and whether the call runs into its
            clock instead.
        metadata: notes of the caller's on the call; never sent, but for the `user_id` that Anthropic takes.
        num_retries, max_retries: how often a failed request is sent again at the most, 2 where nothing is said; the
            first name wins. Only what may help is tried again, and only before the first content; see `Retry`.
        fallbacks: models to ask, in order, when this one fails for good; or dicts of the arguments that are others,
            such as `{"model": ..., "api_key": ...}`. Another provider gets nothing of what says where this one is, and
            no key of it.
        context_window_fallbacks, content_policy_fallbacks: the same for a prompt that is too long, and for one that is
            refused for its content.
        priority, fairness_key: how urgent the call is where calls wait for the limits of a client, from 0, the most
            urgent, to 3; 1 where nothing is said. And whose it is: those who wait take turns.
        mid_stream: what becomes of a stream that breaks off: "never" (where nothing is said) raises, with the answer so
            far in `partial`. "restart" asks again, and begins again with a marker chunk, whose `recovery.action` is
            "restart": what came before it is void. "continue" has the model go on with the text so far, behind a
            marker too, where the model is known to do that and the answer is plain text; otherwise it raises. A bound
            on tokens then holds for each part.
        cache, caching: how a client with a cache uses it for this call. `cache` is a dict of any of `no-cache` (ask
            anew), `no-store` (do not keep the answer), `ttl` and `s-maxage` (seconds: how long it is kept, how old one
            that is kept may be) and `namespace`; `caching=False` leaves the cache out.
        provider_params: further parameters, sent as they are; those that say who calls (`aws_profile_name` and the
            like) are used and never sent.

    The other parameters are OpenAI's (https://platform.openai.com/docs/api-reference/chat/create).

    Returns:
        A `ChunkStream` when `stream` is true, and then with the first content already there; else a `ModelResponse`.

    Raises:
        BadRequestError: an argument is wrong; nothing was sent.
        AuthenticationError: the key is missing, or the provider refuses it.
        APIError: anything else that the provider or the network did, each with its own class.
        Timeout: one of the clocks ran out.

    Cancelling closes the connection.
    """
    # Hidden before anything can fail: a traceback that captures locals would show them.
    api_key, azure_ad_token, extra_headers = hidden(api_key), hidden(azure_ad_token), hidden(extra_headers)
    provider_params = hidden_options(provider_params)
    return await complete(DEFAULT.chat, chat_call(locals(), target_of))


async def complete(
    chat: Handler[ChunkStream],  # pyright: ignore[reportInvalidTypeForm]  # binds Answer's properties wrongly
    call: Call,
) -> ChunkStream | ModelResponse:
    """Send a chat completion through a handler: the policies of a client around the sending."""
    stream = await chat(call)
    if call.request.stream:
        return stream
    response = stream.response
    assert response is not None
    response._attempts = stream.attempts  # pyright: ignore[reportPrivateUsage]  # not for users to set
    return response


def chat_call(given: dict[str, Any], find: Find) -> Call:
    """Check all arguments of `acompletion` and find the target, before any I/O.

    Args:
        given: all arguments, by name.
        find: finds out where a call goes, from such arguments.
    """
    loop = running_loop()
    stream = checked_flag("stream", given["stream"])
    timeouts = checked_timeouts(given["timeout"], given["stream_timeout"], stream=stream)
    scope = CallScope(loop, timeouts)
    mock = mock_of(given, timeouts)
    if mock is not given["mock_response"]:
        given = {**given, "mock_response": mock}

    def build(given: dict[str, Any]) -> Call:
        target = find(given, "chat")
        request = _request(given, target, stream=stream)
        if chat_needs_responses(target, request.params):
            target = find(given, "responses")
        if stream:
            return Call(request, target, scope)
        return Call(request, target, scope, place="")  # which is for streams that are dropped, and slow to find out

    call, options = build(given), call_options(given, build)
    return call if options is NO_OPTIONS else msgspec.structs.replace(call, options=options)


def chat_like(call: Call, said: Mapping[str, Any]) -> Call:
    """Return a call that begins now and goes where another goes, by the same policies; what it says is its own.

    Nothing is looked up again: it takes a quarter of the time that `chat_call` does.

    Args:
        call: the other one, which need not have been sent.
        said: all of `messages`, OpenAI's parameters, `extra_body`, `metadata` and parameters of the provider's own.

    Raises:
        BadRequestError: one of them is wrong.
    """
    params = checked_parameters(said)
    if not said.keys() <= _OF_ANY_CHAT:
        params.update((name, value) for name, value in said.items() if name not in _OF_ANY_CHAT)
    request = msgspec.structs.replace(
        call.request,
        messages=checked_messages(said.get("messages")),
        params=params,
        include_usage=call.request.stream and bool(params.get("stream_options", {}).get("include_usage")),
        extra_body=checked_dict("extra_body", said.get("extra_body")),
        metadata=checked_dict("metadata", said.get("metadata")),
    )
    options, fallbacks = call.options, call.options.fallbacks
    if fallbacks is not None:
        options = msgspec.structs.replace(options, fallbacks=_asking(fallbacks, request))
    scope = CallScope(running_loop(), call.scope.timeouts)
    return Call(request, call.target, scope, options, group=call.group, place=call.place)


_OF_ANY_CHAT = OPENAI_PARAMS | IDENTITY_OPTIONS | {"messages", "stream", "extra_body", "metadata"}


def _asking(fallbacks: Fallbacks, request: Request) -> Fallbacks:
    """Return the groups that stand in, each asked by a request."""

    def asked(others: tuple[Alternative, ...] | None) -> tuple[Alternative, ...] | None:
        if others is None:
            return None
        return tuple(msgspec.structs.replace(other, request=request) for other in others)

    return Fallbacks(asked(fallbacks.default) or (), asked(fallbacks.context_window), asked(fallbacks.content_policy))


def _request(given: dict[str, Any], target: Target, *, stream: bool) -> Request:
    parts = request_parts(given, OPENAI_PARAMS)
    return Request(
        model=target.model,
        messages=checked_messages(given["messages"]),
        known=OPENAI_PARAMS,
        stream=stream,
        include_usage=stream and bool(parts["params"].get("stream_options", {}).get("include_usage")),
        mock_response=given["mock_response"],
        **parts,
    )


def request_parts(given: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Return the parts of a request that all of its kind have, from its arguments, which are checked.

    Args:
        given: the arguments, by name.
        known: the names of the API's own parameters.
    """
    params = checked_parameters(given, known)
    if given["provider_params"]:
        params.update((name, value) for name, value in given["provider_params"].items() if name not in IDENTITY_OPTIONS)
    parts: dict[str, Any] = {"params": params}
    for name, checked in _CHECKS.items():
        if (value := given[name]) not in _NOTHING_SAID:
            parts[name] = checked(name, value)
    return parts


_NOTHING_SAID = (None, False, ())

# How what a request has beside its parameters is checked, where it is said; the request itself says what holds else.
_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "extra_headers": lambda name, value: checked_headers(value),
    "extra_body": checked_dict,
    "drop_params": checked_flag,
    "additional_drop_params": checked_names,
    "allowed_openai_params": lambda name, value: frozenset(checked_names(name, value)),
    "metadata": checked_dict,
}


_TEXTS = ("custom_llm_provider", "base_url", "api_base", "organization", "api_version")


def target_of(given: dict[str, Any], api: Api) -> Target:
    """Find out where a call of an API goes, from its arguments, which are checked."""
    if not isinstance(given["model"], str) or not given["model"]:
        raise faulty("model", 'text like "provider/model"', given["model"])
    key, token = checked_key(given["api_key"]), checked_key(given["azure_ad_token"], "azure_ad_token")
    if given["mock_response"] is not None:
        key = key or Secret("mock")  # nothing is sent, so nobody needs a key
    texts = {name: checked_text(name, given[name]) for name in _TEXTS if given[name] is not None}
    target = resolve(
        given["model"],
        custom_llm_provider=texts.get("custom_llm_provider"),
        api_key=key,
        base_url=texts.get("base_url") or texts.get("api_base"),
        organization=texts.get("organization"),
        api_version=texts.get("api_version"),
        token=token,
        token_source=checked_function("azure_ad_token_provider", given["azure_ad_token_provider"]),
        api=api,
        options=given["provider_params"],
    )
    if target.provider.serve is not None and (given["base_url"] or given["api_base"]):
        raise BadRequestError(
            f"{target.provider.name}/ models are served by this process, and have no api_base: for a server of your "
            f'own write "llama_cpp/{target.model}" or "openai/{target.model}"',
            model=target.model,
            llm_provider=target.provider.name,
            param="api_base",
            phase="request",
        )
    return target

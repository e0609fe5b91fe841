"""The asynchronous Responses API: keyword arguments to a request, validated once."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

import msgspec

from aiollm.api import Find, target_of
from aiollm.arguments import (
    checked_dict,
    checked_flag,
    checked_headers,
    checked_input,
    checked_names,
    checked_text_format,
    checked_timeouts,
    hidden,
)
from aiollm.core.call_scope import CallScope
from aiollm.core.runtime import running_loop
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.engine.events import EventStream
from aiollm.policy_arguments import POLICY_ARGUMENTS, call_options
from aiollm.providers.identity import IDENTITY_OPTIONS, hidden_options
from aiollm.responding import ResponsesCall
from aiollm.stack import DEFAULT
from aiollm.types.request import Request
from aiollm.types.responses import ResponsesAPIResponse

__all__ = ["aresponses", "respond", "responses_arguments", "responses_call", "typed_responses"]

# What says where and how to call; everything else is a parameter of the API.
_OWN = (
    "timeout",
    "stream_timeout",
    "extra_headers",
    "extra_body",
    "api_base",
    "base_url",
    "api_key",
    "api_version",
    "azure_ad_token",
    "azure_ad_token_provider",
    "organization",
    "custom_llm_provider",
    "drop_params",
    "additional_drop_params",
    *POLICY_ARGUMENTS,
)


def typed_responses(
    function: Any,
) -> ResponsesCall[Coroutine[Any, Any, EventStream], Coroutine[Any, Any, ResponsesAPIResponse]]:
    """Give an asynchronous call of the Responses API the type that its overloads say."""
    return function  # type: ignore[no-any-return]


@typed_responses
async def aresponses(
    input: Any, model: str, *, stream: bool | None = None, **options: Any
) -> EventStream | ResponsesAPIResponse:
    """Ask a model for a response (https://platform.openai.com/docs/api-reference/responses/create).

    Args:
        input: a text, or a list of input items; the items of an earlier response's `output` may be among them.
        model: "provider/model", as for `acompletion`; the provider must have this API.
        stream: return a stream of typed events instead of the whole response.
        options: the API's own parameters (`ResponsesOptions` lists them), sent as they are; None is left out. A class
            with a JSON schema as `text_format` becomes `text["format"]`. `timeout`, `stream_timeout`, `extra_headers`,
            `extra_body`, `api_base`, `base_url`, `api_key`, `api_version`, `azure_ad_token`, `azure_ad_token_provider`,
            `organization`, `custom_llm_provider`, `additional_drop_params`, `num_retries`, `max_retries`, `priority`,
            `fairness_key`, `fallbacks`, `cache` and `caching` are those of `acompletion`; `drop_params` has no
            effect.

    Returns:
        An `EventStream` when `stream` is true, and then with the first content already there; else a
        `ResponsesAPIResponse`. That of a call in the background is not finished: its `status` tells.

    Raises:
        BadRequestError: an argument is wrong, or the provider has no such API; nothing was sent.
        APIError: the response failed, or whatever else the provider or the network did, each with its own class.
        Timeout: one of the clocks ran out.

    Cancelling closes the connection.
    """
    # Hidden before anything can fail: a traceback that captures locals would show them.
    options = hidden_options(options)
    for name in ("api_key", "azure_ad_token", "extra_headers"):
        options[name] = hidden(options.get(name))
    given = responses_arguments(input, model, stream, options)
    return await respond(DEFAULT.events, responses_call(given, target_of))


def responses_arguments(input: Any, model: str, stream: bool | None, options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `aresponses` by name, the API's own parameters apart in `provider_params`."""
    given = {name: options.pop(name, None) for name in _OWN}
    return given | {
        "input": input,
        "model": model,
        "stream": stream,
        "mock_response": None,
        "provider_params": options,
    }


async def respond(
    events: Handler[EventStream],  # pyright: ignore[reportInvalidTypeForm]  # binds Answer's properties wrongly
    call: Call,
) -> EventStream | ResponsesAPIResponse:
    """Send a call of the Responses API through a handler: the policies of a client around the sending."""
    answer = await events(call)
    if call.request.stream:
        return answer
    response = answer.response
    assert response is not None
    response._attempts = answer.attempts  # pyright: ignore[reportPrivateUsage]  # not for users to set
    return response


def responses_call(given: dict[str, Any], find: Find) -> Call:
    """Check all arguments of `aresponses` and find the target, before any I/O.

    Args:
        given: what `responses_arguments` returns.
        find: finds out where a call goes, from such arguments.
    """
    stream = checked_flag("stream", given["stream"])
    timeouts = checked_timeouts(given["timeout"], given["stream_timeout"], stream=stream)
    scope = CallScope(running_loop(), timeouts)

    def build(given: dict[str, Any]) -> Call:
        target = find(given, "responses")
        request = Request(
            model=target.model,
            messages=(),
            params=_parameters(given["input"], given["provider_params"]),
            stream=stream,
            extra_headers=checked_headers(given["extra_headers"]),
            extra_body=checked_dict("extra_body", given["extra_body"]),
            additional_drop_params=checked_names("additional_drop_params", given["additional_drop_params"]),
        )
        return Call(request, target, scope)

    return msgspec.structs.replace(build(given), options=call_options(given, build))


def _parameters(given: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the API's own parameters."""
    params = {name: value for name, value in options.items() if value is not None and name not in IDENTITY_OPTIONS}
    text_format = params.pop("text_format", None)
    if text_format is not None:
        format_ = checked_text_format(text_format)
        params["text"] = {**checked_dict("text", params.get("text")), "format": format_}
    return {"input": checked_input(given), **params}

"""The asynchronous Responses API: keyword arguments to a request, validated once."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

from aiollm.api import target_of
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
from aiollm.engine.connect import open_events
from aiollm.engine.events import EventStream
from aiollm.providers.identity import IDENTITY_OPTIONS, hidden_options
from aiollm.responding import ResponsesCall
from aiollm.types.request import Request
from aiollm.types.responses import ResponsesAPIResponse

__all__ = ["aresponses"]

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
    "num_retries",
    "max_retries",
)


def _typed(function: Any) -> ResponsesCall[Coroutine[Any, Any, EventStream], Coroutine[Any, Any, ResponsesAPIResponse]]:
    """Give the function the type that its overloads say."""
    return function  # type: ignore[no-any-return]


@_typed
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
            `organization`, `custom_llm_provider` and `additional_drop_params` are those of `acompletion`;
            `drop_params`, `num_retries` and `max_retries` are taken without effect.

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
    given = {name: options.pop(name, None) for name in _OWN} | {"model": model, "mock_response": None}
    given["provider_params"] = options
    streams = checked_flag("stream", stream)
    timeouts = checked_timeouts(given["timeout"], given["stream_timeout"], stream=streams)
    scope = CallScope(running_loop(), timeouts)
    target = target_of(given, api="responses")
    request = Request(
        model=target.model,
        messages=(),
        params=_parameters(input, options),
        stream=streams,
        extra_headers=checked_headers(given["extra_headers"]),
        extra_body=checked_dict("extra_body", given["extra_body"]),
        additional_drop_params=checked_names("additional_drop_params", given["additional_drop_params"]),
    )
    answer = await open_events(Call(request, target, scope))
    if streams:
        return answer
    assert answer.response is not None
    return answer.response


def _parameters(given: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the API's own parameters."""
    params = {name: value for name, value in options.items() if value is not None and name not in IDENTITY_OPTIONS}
    text_format = params.pop("text_format", None)
    if text_format is not None:
        format_ = checked_text_format(text_format)
        params["text"] = {**checked_dict("text", params.get("text")), "format": format_}
    return {"input": checked_input(given), **params}

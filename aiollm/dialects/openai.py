"""OpenAI chat completions: the dialect of OpenAI itself and of every compatible server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from aiollm.dialects.assembly import split_response
from aiollm.dialects.base import Context
from aiollm.dialects.errors import MALFORMED, error_from_object
from aiollm.dialects.finish import broke_off, finish_reason
from aiollm.dialects.openai_message import HEAD_FIELDS, broken_off, normal_message
from aiollm.dialects.openai_stream import OpenAIDecoder
from aiollm.dialects.plain import plain_response
from aiollm.dialects.tool_calls import ToolCallTracker
from aiollm.dialects.usage import usage_from_object
from aiollm.exceptions import APIError, APIResponseValidationError, BadRequestError, UnsupportedParamsError
from aiollm.types.chunk import ModelResponseStream, NoChoices
from aiollm.types.endpoint import BodyQuirk, Endpoint
from aiollm.types.lenient import lenient_json, whole_number
from aiollm.types.request import Request
from aiollm.types.response import Choices, Message, ModelResponse
from aiollm.wire.http import HttpRequest, ReplyHead
from aiollm.wire.sse import SSEFramer

__all__ = ["OpenAI"]


class OpenAI:
    """`POST {base}/chat/completions`: a JSON body in, server-sent events or one JSON object out."""

    def framer(self) -> SSEFramer:
        """Return a framer for the body of a streamed reply."""
        return SSEFramer()

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        body: dict[str, Any] = {"model": request.model, "messages": list(request.messages)}
        body.update(_parameters(request, endpoint))
        if request.stream:
            body["stream"] = True
            options = dict(request.params.get("stream_options") or {})
            if endpoint.asks_usage:
                options.setdefault("include_usage", True)
            if options and endpoint.takes_stream_options:
                body["stream_options"] = options
        for path in request.additional_drop_params:
            body = _without(body, path.split("."))
        body.update(request.extra_body)
        for quirk in endpoint.quirks:
            body = _changed(body, quirk, endpoint)
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream" if request.stream else "application/json",
            **endpoint.headers,
        }
        return HttpRequest(endpoint.url, headers, msgspec.json.encode(body))

    def decoder(self, request: Request, context: Context) -> OpenAIDecoder:
        """Return a decoder for the events of a streamed reply."""
        return OpenAIDecoder(request, context)

    def decode(self, body: bytes, request: Request, context: Context) -> ModelResponse:
        """Return the answer in the body of a whole reply."""
        if response := plain_response(body):
            response.created = response.created or context.now
            response._origin = context.origin
            context.origin.served_model = response.model
            return response
        provider = context.endpoint.provider
        try:
            payload = lenient_json(body)
        except ValueError as error:
            quoted = body[:120].decode("utf-8", "replace")
            raise APIResponseValidationError(
                f"{provider} answered with a body that is not JSON ({error}); it begins {quoted!r}",
                model=request.model,
                llm_provider=provider,
            ) from None
        if not isinstance(payload, dict) or payload.get("error") or payload.get("object") == "error":
            raise error_from_object(payload, provider=provider, model=request.model)
        if not payload.get("choices"):
            quoted = body[:200].decode("utf-8", "replace")
            raise APIResponseValidationError(
                f"{provider} answered without `choices`; the body begins {quoted!r}",
                model=request.model,
                llm_provider=provider,
                body=payload,
            )
        try:
            return _response(payload, request, context)
        except MALFORMED as error:
            raise APIResponseValidationError(
                f"{provider} answered with a member of another type than it should be ({error})",
                model=request.model,
                llm_provider=provider,
                body=payload,
            ) from None

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        try:
            reported: Any = lenient_json(body)
        except ValueError:
            reported = body.decode("utf-8", "replace")
        return error_from_object(
            reported,
            status=head.status,
            provider=endpoint.provider,
            model=request.model,
            headers=head.headers,
        )

    def split(self, response: ModelResponse, context: Context, request: Request) -> Iterable[ModelResponseStream]:
        """Return a whole answer as the chunks of a stream."""
        for chunk in split_response(response):
            chunk._origin = context.origin
            yield chunk
        if request.include_usage and response.usage is not None:
            last = ModelResponseStream(id=response.id, created=response.created, model=response.model)
            last.choices, last.usage, last._origin = NoChoices(), response.usage, context.origin
            yield last


def _parameters(request: Request, endpoint: Endpoint) -> dict[str, Any]:
    """Return the caller's parameters under the provider's names.

    Raises:
        UnsupportedParamsError: the endpoint does not take one of them, and it may not be dropped.
    """
    refused = [
        name
        for name in request.params
        if name in endpoint.unsupported
        and name in request.known
        and name not in request.allowed_openai_params
        and name not in request.additional_drop_params
    ]
    # One answer is what everybody gives anyway.
    missed = [name for name in refused if (name, request.params[name]) != ("n", 1)]
    if missed and not request.drop_params:
        raise UnsupportedParamsError(
            f"{endpoint.provider} does not take {', '.join(sorted(missed))}",
            model=request.model,
            llm_provider=endpoint.provider,
            param=missed[0],
            phase="request",
            hint="pass drop_params=True to leave it out, or allowed_openai_params=[...] to send it all the same",
        )
    return {
        endpoint.renames.get(name, name): value
        for name, value in request.params.items()
        if name not in refused and name not in request.additional_drop_params and name != "stream_options"
    }


def _changed(body: dict[str, Any], quirk: BodyQuirk, endpoint: Endpoint) -> dict[str, Any]:
    try:
        return quirk(body)
    except MALFORMED as error:
        name = _unreadable(body, quirk)
        raise BadRequestError(
            f"{name} cannot be put into the form that {endpoint.provider} takes: a member is missing, or of another "
            f"type than it should be ({type(error).__name__}: {error})",
            llm_provider=endpoint.provider,
            param=name,
            phase="request",
        ) from None


def _unreadable(body: dict[str, Any], quirk: BodyQuirk) -> str:
    """Return the parameter that a quirk cannot read: the one without which it can."""
    for name in reversed([name for name in body if name != "messages"]):
        try:
            quirk(_without(body, [name]))
        except MALFORMED:
            continue
        return name
    return "messages"


def _without(body: Any, path: list[str]) -> Any:
    """Return nested objects without the member at a path of names; lists on the way are searched through.

    What is changed is copied: it may be the caller's.
    """
    if isinstance(body, list):
        return [_without(item, path) for item in body]
    if not isinstance(body, dict) or path[0] not in body:
        return body
    if len(path) == 1:
        return {name: value for name, value in body.items() if name != path[0]}
    return {**body, path[0]: _without(body[path[0]], path[1:])}


def _response(payload: Mapping[str, Any], request: Request, context: Context) -> ModelResponse:
    extra = {name: value for name, value in payload.items() if name not in HEAD_FIELDS}
    response = ModelResponse(
        id=payload.get("id") or f"chatcmpl-{context.new_id()}",
        created=whole_number(payload.get("created")) or context.now,
        model=payload.get("model") or request.model,
        system_fingerprint=payload.get("system_fingerprint"),
        service_tier=payload.get("service_tier"),
        choices=[_choice(position, raw, request, context) for position, raw in enumerate(payload["choices"])],
        usage=usage_from_object(payload.get("usage")),
        **extra,
    )
    response._origin = context.origin
    context.origin.served_model = payload.get("model")
    return response


def _choice(position: int, raw: dict[str, Any], request: Request, context: Context) -> Choices:
    native = raw.get("finish_reason") or "stop"
    if broke_off(native):
        raise broken_off(raw, provider=context.endpoint.provider, model=request.model)
    message = raw.get("message") or {"content": raw.get("text")}
    fields = normal_message(message)
    whole = fields.get("tool_calls")
    if whole:
        tracker = ToolCallTracker(context.new_id)
        fields["tool_calls"] = [_without_index(tracker.normalise(call)) for call in whole]
    extra = {name: value for name, value in raw.items() if name not in ("index", "message", "finish_reason", "text")}
    reason = finish_reason(native, called_tools=bool(whole))
    if reason != native:
        extra.setdefault("native_finish_reason", native)
    index = raw.get("index")
    return Choices(index=position if index is None else index, finish_reason=reason, message=Message(**fields), **extra)


def _without_index(call: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if name != "index"}

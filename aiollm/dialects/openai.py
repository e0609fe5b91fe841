"""OpenAI chat completions: the dialect of OpenAI itself and of every compatible server."""

# What users do not see of an answer is set where the answer is made.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiollm.dialects.base import Context
from aiollm.dialects.body import accepted_parameters, json_request
from aiollm.dialects.errors import MALFORMED, error_from_object, error_from_reply
from aiollm.dialects.finish import broke_off, finish_reason
from aiollm.dialects.openai_message import HEAD_FIELDS, broken_off, normal_message
from aiollm.dialects.openai_stream import OpenAIDecoder
from aiollm.dialects.plain import plain_response
from aiollm.dialects.split import split_answer
from aiollm.dialects.tool_calls import ToolCallTracker
from aiollm.dialects.unreadable import invalid_reply, reply_json
from aiollm.dialects.usage import usage_from_object
from aiollm.exceptions import APIError
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.endpoint import Endpoint
from aiollm.types.lenient import whole_number
from aiollm.types.request import Request
from aiollm.types.response import Choices, Message, ModelResponse
from aiollm.types.shape import JSON
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
        body.update(accepted_parameters(request, endpoint))
        if request.stream:
            body["stream"] = True
            options = dict(request.params.get("stream_options") or {})
            if endpoint.asks_usage:
                options.setdefault("include_usage", True)
            if options and endpoint.takes_stream_options:
                body["stream_options"] = options
        return json_request(body, request, endpoint)

    def decoder(self, request: Request, context: Context) -> OpenAIDecoder:
        """Return a decoder for the events of a streamed reply."""
        return OpenAIDecoder(request, context)

    def decode(self, body: bytes, request: Request, context: Context) -> ModelResponse:
        """Return the answer in the body of a whole reply."""
        if (response := plain_response(body)) is not None:
            response.created = response.created or context.now
            response._origin = context.origin
            context.origin.served_model, context.origin.service_tier = response.model, response.service_tier
            return response
        provider = context.endpoint.provider
        payload: JSON = reply_json(body, provider=provider, model=request.model)
        if not isinstance(payload, dict) or payload.get("error") or payload.get("object") == "error":
            raise error_from_object(payload, provider=provider, model=request.model)
        if not payload.get("choices"):
            raise invalid_reply(body, "without `choices`", provider=provider, model=request.model)
        try:
            return _response(payload, request, context)
        except MALFORMED as error:
            fault = f"with a member of another type than it should be ({error})"
            raise invalid_reply(body, fault, provider=provider, model=request.model) from None

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return error_from_reply(head, body, provider=endpoint.provider, model=request.model)

    def split(self, response: ModelResponse, context: Context, request: Request) -> Iterable[ModelResponseStream]:
        """Return a whole answer as the chunks of a stream."""
        return split_answer(response, context, request)


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
    context.origin.served_model, context.origin.service_tier = payload.get("model"), payload.get("service_tier")
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

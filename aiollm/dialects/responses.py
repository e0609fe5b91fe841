"""OpenAI's Responses API as a dialect of chat: for the models that have no chat completions."""

# What users do not see of an answer is set where the answer is made.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable

from aiollm.dialects.base import Context
from aiollm.dialects.body import json_request, put_into_form
from aiollm.dialects.errors import MALFORMED, error_from_reply
from aiollm.dialects.responses_request import chat_body
from aiollm.dialects.responses_stream import ResponsesDecoder
from aiollm.dialects.responses_wire import invalid_response, response_object
from aiollm.dialects.split import split_answer
from aiollm.exceptions import APIError
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.wire.http import HttpRequest, ReplyHead
from aiollm.wire.sse import SSEFramer

__all__ = ["Responses"]


class Responses:
    """`POST {base}/responses`: messages as input items in, typed events or one response object out."""

    def framer(self) -> SSEFramer:
        """Return a framer for the body of a streamed reply."""
        return SSEFramer()

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        return json_request(put_into_form(chat_body, request, endpoint), request, endpoint)

    def decoder(self, request: Request, context: Context) -> ResponsesDecoder:
        """Return a decoder for the events of a streamed reply."""
        return ResponsesDecoder(request, context)

    def decode(self, body: bytes, request: Request, context: Context) -> ModelResponse:
        """Return the answer in the body of a whole reply."""
        payload = response_object(body, request, context)
        if payload.get("status") in ("queued", "in_progress"):
            raise invalid_response(f"before the answer was there: {payload['status']!r}", payload, request, context)
        decoder = ResponsesDecoder(request, context)
        try:
            for _ in decoder.feed_response(payload):
                pass
        except MALFORMED as error:
            reason = f"with a member of another type than it should be ({error})"
            raise invalid_response(reason, payload, request, context) from None
        response = decoder.partial()
        assert response is not None  # a response that ended has a finish reason
        response.model = payload.get("model") or request.model
        response.service_tier = payload.get("service_tier")
        response._origin = context.origin
        return response

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return error_from_reply(head, body, provider=endpoint.provider, model=request.model)

    def split(self, response: ModelResponse, context: Context, request: Request) -> Iterable[ModelResponseStream]:
        """Return a whole answer as the chunks of a stream."""
        return split_answer(response, context, request)

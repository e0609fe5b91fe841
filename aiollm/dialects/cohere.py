"""Cohere's chat, version 2: `POST {base}/v2/chat`, typed server-sent events."""

from __future__ import annotations

from collections.abc import Iterable

from aiollm.dialects.base import Context
from aiollm.dialects.body import json_request, put_into_form
from aiollm.dialects.cohere_request import cohere_body
from aiollm.dialects.cohere_stream import CohereDecoder
from aiollm.dialects.errors import error_from_reply
from aiollm.dialects.single_choice import whole_answer
from aiollm.dialects.split import split_answer
from aiollm.exceptions import APIError
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.wire.http import HttpRequest, ReplyHead
from aiollm.wire.sse import SSEFramer

__all__ = ["Cohere"]


class Cohere:
    """A JSON body in; typed events, or one object, out."""

    def framer(self) -> SSEFramer:
        """Return a framer for the body of a streamed reply."""
        return SSEFramer()

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        return json_request(put_into_form(cohere_body, request, endpoint), request, endpoint)

    def decoder(self, request: Request, context: Context) -> CohereDecoder:
        """Return a decoder for the events of a streamed reply."""
        return CohereDecoder(request, context)

    def decode(self, body: bytes, request: Request, context: Context) -> ModelResponse:
        """Return the answer in the body of a whole reply."""
        return whole_answer(body, CohereDecoder(request, context))

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return error_from_reply(head, body, provider=endpoint.provider, model=request.model)

    def split(self, response: ModelResponse, context: Context, request: Request) -> Iterable[ModelResponseStream]:
        """Return a whole answer as the chunks of a stream."""
        return split_answer(response, context, request)

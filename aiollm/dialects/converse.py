"""Bedrock's Converse: one format for all models of the service, with event streams.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiollm.dialects.base import Context
from aiollm.dialects.body import accepted_parameters, json_request, put_into_form
from aiollm.dialects.converse_error import aws_error
from aiollm.dialects.converse_parameters import converse_members, not_taken
from aiollm.dialects.converse_stream import ConverseDecoder
from aiollm.dialects.converse_turns import called_tools, converse_turns
from aiollm.dialects.single_choice import whole_answer
from aiollm.dialects.split import split_answer
from aiollm.exceptions import APIError
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.wire.eventstream import EventStreamFramer
from aiollm.wire.http import HttpRequest, ReplyHead

__all__ = ["Converse"]


class Converse:
    """A JSON body in; an AWS event stream, or one JSON object, out. The model is in the URL."""

    def framer(self) -> EventStreamFramer:
        """Return a framer for the body of a streamed reply."""
        return EventStreamFramer()

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        body = put_into_form(_body, request, endpoint)
        return json_request(body, request, endpoint, stream_type=EventStreamFramer.content_type)

    def decoder(self, request: Request, context: Context) -> ConverseDecoder:
        """Return a decoder for the events of a streamed reply."""
        return ConverseDecoder(request, context)

    def decode(self, body: bytes, request: Request, context: Context) -> ModelResponse:
        """Return the answer in the body of a whole reply."""
        return whole_answer(body, ConverseDecoder(request, context))

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return aws_error(head, body, provider=endpoint.provider, model=request.model)

    def split(self, response: ModelResponse, context: Context, request: Request) -> Iterable[ModelResponseStream]:
        """Return a whole answer as the chunks of a stream."""
        return split_answer(response, context, request)


def _body(request: Request, endpoint: Endpoint) -> dict[str, Any]:
    params = accepted_parameters(request, endpoint, not_taken(request.model, request.params))
    system, turns = converse_turns(request.messages)
    body = {"messages": turns, **converse_members(params, request.model, called_tools(turns))}
    return {**body, "system": system} if system else body

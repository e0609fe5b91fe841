"""The Responses API for itself: the caller's own parameters in, its typed events or its response object out."""

# What users do not see of an answer is set where the answer is made.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from aiollm.dialects.base import Context
from aiollm.dialects.body import json_request
from aiollm.dialects.errors import MALFORMED, error_from_object, error_from_reply
from aiollm.dialects.responses_account import GROWING, ResponseAccount
from aiollm.dialects.responses_message import chat_usage, failure_of, finish_of
from aiollm.dialects.responses_split import split_events
from aiollm.dialects.responses_wire import (
    ENDINGS,
    event_of,
    invalid_response,
    response_object,
)
from aiollm.dialects.unreadable import invalid_event
from aiollm.exceptions import APIError
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.responses import ResponsesAPIResponse, ResponsesStreamEvent
from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame
from aiollm.wire.http import HttpRequest, ReplyHead
from aiollm.wire.sse import SSEFramer

__all__ = ["EventDecoder", "ResponsesAPI"]


@cache
def _event_decoder() -> Callable[[bytes], ResponsesStreamEvent]:
    return msgspec.json.Decoder(ResponsesStreamEvent).decode


class EventDecoder:
    """Turns the frames of one response into its events; unknown ones are kept as they are."""

    def __init__(self, request: Request, context: Context) -> None:
        self.done: bool = False
        self.content: bool = False
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self._decode = _event_decoder()
        self._provider = context.endpoint.provider
        self._model = request.model
        self._origin = context.origin
        self._account = ResponseAccount()

    def feed(self, frame: Frame) -> Iterable[ResponsesStreamEvent]:
        data = frame.data
        try:
            event = self._decode(data)
        except (ValueError, RecursionError):  # odd types, the end marker of some servers, or no JSON at all
            return self._feed_object(frame)
        if event.type in GROWING and type(event.delta) is str and not self.done:
            event._rest = data
            self._account.grow(event)
            self.content = True
            return (event,)
        return self._feed_object(frame)

    def finish(self) -> Iterable[ResponsesStreamEvent]:
        return ()

    @property
    def finished(self) -> bool:
        return self.finish_reason is not None

    def partial(self) -> ResponsesAPIResponse | None:
        """Return the response so far, or None when nothing of it has come."""
        response = self._account.partial()
        if response is not None:
            response._origin = self._origin
        return response

    def _feed_object(self, frame: Frame) -> Iterator[ResponsesStreamEvent]:
        # A generator, so that what it raises has no failed decoding as its context, which holds the raw event.
        data = frame.data
        if self.done or not data or data.startswith(b"[DONE]"):
            return
        payload = event_of(data, frame.event, provider=self._provider, model=self._model)
        try:
            event = ResponsesStreamEvent(**payload)
            says_all = _says_all(event, data)
            self._note(event)
            if says_all:
                event._rest = data
        except MALFORMED as error:
            reason = f"a member is of another type than it should be ({error})"
            raise invalid_event(data, reason, provider=self._provider, model=self._model) from None
        yield event
        if event.type in ENDINGS:
            self._end(event.type)

    def _note(self, event: ResponsesStreamEvent) -> None:
        if event.type in ENDINGS:
            self.done = True
            event.response.status = event.response.status or ENDINGS[event.type]
        self._account.note(event)
        if event.delta or event.type == "response.output_item.done":
            self.content = True
        if event.response is not None:
            event.response._origin = self._origin
            self._origin.served_model = self._origin.served_model or event.response.model
            self._origin.service_tier = event.response.get("service_tier") or self._origin.service_tier
        self.usage = chat_usage(self._response.get("usage")) or self.usage

    @property
    def _response(self) -> dict[str, Any]:
        return self._account.response or {}

    def _end(self, kind: str) -> None:
        """Take note of the end, or raise the error that the last event stands for."""
        if kind == "response.failed":
            raise error_from_object(
                failure_of(self._response), provider=self._provider, model=self._model, phase="stream"
            )
        self.content = True
        self.finish_reason = finish_of(self._response)


def _says_all(event: ResponsesStreamEvent, data: bytes) -> bool:
    """Whether an event's own data has its type and, if it is the last, the status that it gives the response."""
    has_status = event.type not in ENDINGS or bool(event.response.status)
    return has_status and b'"%b"' % event.type.encode() in data


class ResponsesAPI:
    """`POST {base}/responses`, as it is."""

    def framer(self) -> SSEFramer:
        """Return a framer for the body of a streamed reply."""
        return SSEFramer()

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        body = {"model": request.model, **request.params}
        return json_request({**body, "stream": True} if request.stream else body, request, endpoint)

    def decoder(self, request: Request, context: Context) -> EventDecoder:
        """Return a decoder for the events of a streamed reply."""
        return EventDecoder(request, context)

    def decode(self, body: bytes, request: Request, context: Context) -> ResponsesAPIResponse:
        """Return the response in the body of a whole reply.

        Raises:
            APIError: the response failed, or the body is an error, or is no response.
        """
        payload = response_object(body, request, context)
        try:
            response = ResponsesAPIResponse(**payload)
        except MALFORMED as error:
            reason = f"with a member of another type than it should be ({error})"
            raise invalid_response(reason, payload, request, context) from None
        response._origin = context.origin
        context.origin.served_model, context.origin.service_tier = response.model, response.get("service_tier")
        if response.status == "failed":
            error_ = error_from_object(failure_of(payload), provider=context.endpoint.provider, model=request.model)
            error_.partial = response
            raise error_
        return response

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return error_from_reply(head, body, provider=endpoint.provider, model=request.model)

    def split(
        self, response: ResponsesAPIResponse, context: Context, request: Request
    ) -> Iterable[ResponsesStreamEvent]:
        """Return a whole response as the events of a stream."""
        return split_events(response, context.origin)

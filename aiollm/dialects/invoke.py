"""Models behind Bedrock's InvokeModel and SageMaker's endpoints: a model's own format, wrapped, with AWS's errors.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import ClassVar

import msgspec

from aiollm.dialects.base import Context, Decoder, Dialect
from aiollm.dialects.converse_error import aws_error, is_failure, stream_error
from aiollm.exceptions import APIError, InvalidChunk
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.wire.eventstream import EventStreamFramer
from aiollm.wire.frame import Frame, Framer
from aiollm.wire.http import HttpRequest, ReplyHead
from aiollm.wire.sse import SSEFramer

__all__ = ["Invoke", "InvokeFramer", "PayloadFramer", "Reading", "as_it_is"]

Reading = Callable[[bytes], Frame]
"""A model's event, or its whole reply, as a frame of the dialect that reads it."""


class _Chunk(msgspec.Struct, gc=False):
    bytes: str


@cache
def _decode_chunk() -> Callable[[bytes], _Chunk]:
    return msgspec.json.Decoder(_Chunk).decode


def as_it_is(event: bytes) -> Frame:
    """Return the event without a change."""
    return Frame("", event)


class InvokeFramer:
    """Cuts the body of a streamed reply into the model's own events, which come as base64 in JSON in messages.

    Args:
        reading: what is made of an event.
        provider: the provider's name, for errors.
    """

    content_type: ClassVar[str] = EventStreamFramer.content_type
    beginnings: ClassVar[frozenset[bytes]] = EventStreamFramer.beginnings

    def __init__(self, reading: Reading = as_it_is, provider: str = "bedrock") -> None:
        self._reading = reading
        self._provider = provider
        self._messages = EventStreamFramer()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes and give the events they complete.

        Raises:
            APIError: what AWS reports in place of an event, or the stream is damaged. Events before it were given.
        """
        for message in self._messages.feed(data):
            if is_failure(message):
                raise stream_error(message, provider=self._provider)
            if message.event == "chunk":
                yield self._reading(_unwrapped(message.data))

    def finish(self) -> Iterator[Frame]:
        """Give nothing: half a message is none."""
        return self._messages.finish()


class PayloadFramer:
    """Cuts the body of SageMaker's streamed reply: its messages hold pieces of the endpoint's server-sent events."""

    content_type: ClassVar[str] = EventStreamFramer.content_type
    beginnings: ClassVar[frozenset[bytes]] = EventStreamFramer.beginnings

    def __init__(self) -> None:
        self._messages = EventStreamFramer()
        self._events = SSEFramer()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes and give the events they complete.

        Raises:
            APIError: what AWS reports in place of a piece, or the stream is damaged. Events before it were given.
        """
        for message in self._messages.feed(data):
            if is_failure(message):
                raise stream_error(message, provider="sagemaker")
            yield from self._events.feed(message.data)

    def finish(self) -> Iterator[Frame]:
        """Give an unterminated last event if it is whole."""
        return self._events.finish()


class Invoke:
    """Another dialect behind AWS's front door.

    Args:
        inner: writes the request and reads the answer.
        reading: what is made of an event, or of a whole reply, for the inner dialect to read.
        framer: cuts the body of a streamed reply; Bedrock's by default.
    """

    def __init__(self, inner: Dialect, reading: Reading = as_it_is, framer: Callable[[], Framer] | None = None) -> None:
        self._inner = inner
        self._reading = reading
        self._framer = framer or partial(InvokeFramer, reading)

    def framer(self) -> Framer:
        """Return a framer for the body of a streamed reply."""
        return self._framer()

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        http = self._inner.encode(request, endpoint)
        accepted = EventStreamFramer.content_type if request.stream else "application/json"
        return HttpRequest(http.url, {**http.headers, "Accept": accepted}, http.body)

    def decoder(self, request: Request, context: Context) -> Decoder:
        """Return a decoder for the events of a streamed reply."""
        return self._inner.decoder(request, context)

    def decode(self, body: bytes, request: Request, context: Context) -> ModelResponse:
        """Return the answer in the body of a whole reply."""
        return self._inner.decode(self._reading(body).data, request, context)

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return aws_error(head, body, provider=endpoint.provider, model=request.model)

    def split(self, response: ModelResponse, context: Context, request: Request) -> Iterable[ModelResponseStream]:
        """Return a whole answer as the chunks of a stream."""
        return self._inner.split(response, context, request)


def _unwrapped(data: bytes) -> bytes:
    try:
        return base64.b64decode(_decode_chunk()(data).bytes, validate=True)
    except (ValueError, RecursionError) as error:
        quoted = data[:120].decode("utf-8", "replace")
        raise InvalidChunk(f"an event of the stream cannot be read: {error}; it begins {quoted!r}") from None

"""The contract of a dialect: what one wire format must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

import msgspec

from aiollm.exceptions import APIError
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.endpoint import Endpoint
from aiollm.types.origin import Origin
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame, Framer
from aiollm.wire.http import HttpRequest, ReplyHead

__all__ = ["Codec", "Context", "Decoder", "Dialect", "Embedder", "FrameDecoder", "WholeCodec"]

Piece_co = TypeVar("Piece_co", covariant=True)
"""What a stream is made of."""
Whole = TypeVar("Whole")
"""What all pieces come to."""
Whole_co = TypeVar("Whole_co", covariant=True)


class Context(msgspec.Struct, frozen=True):
    """What a decoder may not get for itself, because dialects have no clock and no random source.

    Attributes:
        endpoint: where the reply comes from.
        now: the time of the call, seconds since the epoch.
        new_id: gives a new random identifier at each call.
        origin: what the chunks of this stream share.
    """

    endpoint: Endpoint
    now: int
    new_id: Callable[[], str]
    origin: Origin = msgspec.field(default_factory=Origin)


class FrameDecoder(Protocol[Piece_co, Whole_co]):
    """Turns the frames of one reply into chunks (or events), and keeps the account of them.

    The account is in the terms of chat completions, whatever the chunks are.
    """

    done: bool
    """The wire's own end was seen."""
    content: bool
    """Content came since this was last set to False; heartbeats and empty chunks are none."""

    @property
    def usage(self) -> Usage | None:
        """The last counts the provider sent."""
        ...

    def feed(self, frame: Frame) -> Iterable[Piece_co]:
        """Take a frame and give its chunks. Chunks before a fault in it are given before the error is raised.

        Raises:
            APIError: the frame is an error of the provider, or is not what the dialect says.
        """
        ...

    def finish(self) -> Iterable[Piece_co]:
        """Say that the body has ended; give the chunks still held back."""
        ...

    @property
    def finish_reason(self) -> str | None:
        """The finish reason of the first choice, or None before it has come."""
        ...

    @property
    def finished(self) -> bool:
        """Whether every choice that was opened has its finish reason."""
        ...

    def partial(self) -> Whole_co | None:
        """Return the answer so far, or None when there is none yet."""
        ...


Decoder = FrameDecoder[ModelResponseStream, ModelResponse]
"""A decoder of chat."""


class WholeCodec(Protocol[Whole_co]):
    """One API on the wire whose replies come as a whole."""

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication.

        Raises:
            UnsupportedParamsError: the endpoint does not take a parameter that was asked for.
        """
        ...

    def decode(self, body: bytes, request: Request, context: Context) -> Whole_co:
        """Return the answer in the body of a whole reply.

        Raises:
            APIError: the body is an error, or is not an answer.
        """
        ...

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        ...


class Codec(WholeCodec[Whole], Protocol[Piece_co, Whole]):
    """One API on the wire: requests out, streamed and whole replies in."""

    def framer(self) -> Framer:
        """Return a framer for the body of a streamed reply."""
        ...

    def decoder(self, request: Request, context: Context) -> FrameDecoder[Piece_co, Whole]:
        """Return a decoder for the frames of a streamed reply."""
        ...

    def split(self, response: Whole, context: Context, request: Request) -> Iterable[Piece_co]:
        """Return a whole answer as the chunks of a stream."""
        ...


Dialect = Codec[ModelResponseStream, ModelResponse]
"""One wire format of chat."""


class Embedder(WholeCodec[EmbeddingResponse], Protocol):
    """One wire format of embeddings. The request has its `input` among its parameters."""

    @property
    def takes_lists(self) -> bool:
        """Whether a request may hold more than one text."""
        ...

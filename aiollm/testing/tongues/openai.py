"""OpenAI's chat completions, which the steps speak already."""

from __future__ import annotations

from collections.abc import Iterator

from aiollm.testing.log import LoggedRequest
from aiollm.testing.tongues.framing import EVENT_STREAM, plain_event
from aiollm.testing.tongues.tongue import Payload
from aiollm.types.shape import is_object

__all__ = ["OpenAITongue"]


class OpenAITongue:
    """Says it as it is."""

    content_type = EVENT_STREAM

    def __init__(self, request: LoggedRequest) -> None:
        model, options = request.member("model"), request.member("stream_options")
        self.model: str = model if isinstance(model, str) else "scripted"
        self.streams: bool = request.member("stream") is True
        self.counts: bool = is_object(options) and options.get("include_usage") is True

    def chunk(self, chunk: Payload) -> Iterator[bytes]:
        yield plain_event("", chunk)

    def end(self) -> Iterator[bytes]:
        yield b"data: [DONE]\n\n"

    def error(self, message: str, kind: str, code: str | int | None) -> bytes:
        return plain_event("", {"error": {"message": message, "type": kind, "param": None, "code": code}})

    def whole(self, completion: Payload) -> Payload:
        return completion

    def failure(self, status: int, message: str, kind: str) -> Payload:
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}

"""Ollama's own chat: `POST {base}/api/chat`, a line of JSON at a time.

LiteLLM sends `ollama/<model>` as a prompt to `/api/generate`, which has neither roles nor tools; here both names chat.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiollm.dialects.base import Context
from aiollm.dialects.body import json_request, put_into_form
from aiollm.dialects.errors import error_from_reply
from aiollm.dialects.ollama_request import ollama_body
from aiollm.dialects.ollama_stream import OllamaDecoder
from aiollm.dialects.single_choice import whole_answer
from aiollm.dialects.split import split_answer
from aiollm.exceptions import APIError
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.wire.http import HttpRequest, ReplyHead
from aiollm.wire.ndjson import NDJSONFramer

__all__ = ["Ollama"]


class Ollama:
    """A JSON body in; lines of JSON, or one object, out."""

    def framer(self) -> NDJSONFramer:
        """Return a framer for the body of a streamed reply."""
        return NDJSONFramer()

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        body = put_into_form(ollama_body, request, endpoint)
        return json_request(body, request, endpoint, stream_type=NDJSONFramer.content_type)

    def decoder(self, request: Request, context: Context) -> OllamaDecoder:
        """Return a decoder for the lines of a streamed reply."""
        return OllamaDecoder(request, context)

    def decode(self, body: bytes, request: Request, context: Context) -> ModelResponse:
        """Return the answer in the body of a whole reply: it is a last line."""
        return whole_answer(body, OllamaDecoder(request, context))

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return error_from_reply(head, body, provider=endpoint.provider, model=request.model)

    def split(self, response: ModelResponse, context: Context, request: Request) -> Iterable[ModelResponseStream]:
        """Return a whole answer as the chunks of a stream."""
        return split_answer(response, context, request)

"""Ollama's embeddings: `POST {base}/api/embed` (the older `/api/embeddings` takes one text).

Source: Ollama's Python client (`EmbedRequest`, `EmbedResponse`).
"""

from __future__ import annotations

from typing import Any

from aiollm.dialects.base import Context
from aiollm.dialects.body import accepted_parameters, json_request
from aiollm.dialects.embedding import prompt_usage, read_reply, response_of, texts_of
from aiollm.dialects.errors import error_from_reply
from aiollm.exceptions import APIError
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.wire.http import HttpRequest, ReplyHead

__all__ = ["OllamaEmbedder"]

_NOT_TAKEN = frozenset({"encoding_format", "user"})


class OllamaEmbedder:
    """Texts in, vectors of length 1 out; `truncate`, `options` and `keep_alive` are its own parameters."""

    takes_lists = True

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        params = accepted_parameters(request, endpoint, _NOT_TAKEN)
        return json_request({"model": request.model, **params, "input": texts_of(request, endpoint)}, request, endpoint)

    def decode(self, body: bytes, request: Request, context: Context) -> EmbeddingResponse:
        """Return the vectors in the body of a reply."""
        return read_reply(body, request, context, _response)

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return error_from_reply(head, body, provider=endpoint.provider, model=request.model)


def _response(payload: dict[str, Any]) -> EmbeddingResponse:
    usage = prompt_usage(payload.get("prompt_eval_count"))
    return response_of(payload["embeddings"], usage, model=payload.get("model"))

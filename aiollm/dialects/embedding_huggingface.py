"""Hugging Face's embeddings: `POST .../hf-inference/models/{model}/pipeline/feature-extraction` at its router.

Source: huggingface_hub 2.4 (`inference/_providers/hf_inference.py`, and the specification of the task).
"""

from __future__ import annotations

from typing import Any

from aiollm.dialects.base import Context
from aiollm.dialects.body import accepted_parameters, json_request
from aiollm.dialects.embedding import read_reply, renamed, response_of, texts_of
from aiollm.dialects.errors import error_from_reply
from aiollm.exceptions import APIError
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.wire.http import HttpRequest, ReplyHead

__all__ = ["HuggingFaceEmbedder"]

_NOT_TAKEN = frozenset({"dimensions", "encoding_format", "user"})


class HuggingFaceEmbedder:
    """Texts in, a bare list of vectors out, not counted; `normalize` and `prompt_name` are its own parameters."""

    takes_lists = True

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        params = renamed(accepted_parameters(request, endpoint, _NOT_TAKEN), {})
        return json_request({"inputs": texts_of(request, endpoint), **params}, request, endpoint)

    def decode(self, body: bytes, request: Request, context: Context) -> EmbeddingResponse:
        """Return the vectors in the body of a reply."""
        return read_reply(body, request, context, _response)

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return error_from_reply(head, body, provider=endpoint.provider, model=request.model)


def _response(payload: list[Any]) -> EmbeddingResponse:
    return response_of(payload, None)

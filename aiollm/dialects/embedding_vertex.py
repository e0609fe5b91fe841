"""The embeddings of Vertex AI's text models: `POST .../models/{model}:predict`, an instance for each text.

Source: google-genai 3.6 (`models.py`, the conversions of `embed_content` for `PREDICT`).
"""

from __future__ import annotations

from typing import Any

from aiollm.dialects.base import Context
from aiollm.dialects.body import accepted_parameters, json_request
from aiollm.dialects.embedding import prompt_usage, read_reply, renamed, response_of, texts_of
from aiollm.dialects.google_error import reply_error
from aiollm.exceptions import APIError
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.endpoint import Endpoint
from aiollm.types.lenient import whole_number
from aiollm.types.request import Request
from aiollm.types.shape import EMPTY
from aiollm.wire.http import HttpRequest, ReplyHead

__all__ = ["VertexEmbedder"]

_NOT_TAKEN = frozenset({"encoding_format", "user"})
_NAMES = {
    "auto_truncate": "autoTruncate",
    "dimensions": "outputDimensionality",
    "mime_type": "mimeType",
    "taskType": "task_type",
}
_OF_INSTANCE = ("mimeType", "task_type", "title")


class VertexEmbedder:
    """`task_type`, `title` and `mime_type` go to each text, other parameters of the provider's own to them all."""

    takes_lists = True

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        params = renamed(accepted_parameters(request, endpoint, _NOT_TAKEN), _NAMES)
        of_each = {name: params.pop(name) for name in _OF_INSTANCE if name in params}
        body: dict[str, Any] = {"instances": [{"content": text, **of_each} for text in texts_of(request, endpoint)]}
        return json_request({**body, "parameters": params} if params else body, request, endpoint)

    def decode(self, body: bytes, request: Request, context: Context) -> EmbeddingResponse:
        """Return the vectors in the body of a reply."""
        return read_reply(body, request, context, _response)

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return reply_error(head, body, provider=endpoint.provider, model=request.model)


def _response(payload: dict[str, Any]) -> EmbeddingResponse:
    found = [prediction["embeddings"] for prediction in payload["predictions"]]
    tokens = sum(whole_number((one.get("statistics") or EMPTY).get("token_count")) for one in found)
    return response_of([one["values"] for one in found], prompt_usage(tokens))

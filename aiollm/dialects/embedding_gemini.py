"""Gemini's embeddings: `POST {base}/models/{model}:batchEmbedContents`, a request in it for each text.

Source: google-genai 3.6 (`models.py`, the conversions of `embed_content`).
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from aiollm.dialects.base import Context
from aiollm.dialects.body import accepted_parameters, json_request
from aiollm.dialects.embedding import read_reply, renamed, response_of, texts_of
from aiollm.dialects.gemini_usage import gemini_usage
from aiollm.dialects.google_error import reply_error
from aiollm.exceptions import APIError
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.wire.http import HttpRequest, ReplyHead

__all__ = ["GeminiEmbedder", "on_vertex"]

_NOT_TAKEN = frozenset({"encoding_format", "user"})
_NAMES = {"dimensions": "outputDimensionality", "task_type": "taskType"}
_NAMES_IN_CONFIG = {**_NAMES, "auto_truncate": "autoTruncate"}


class GeminiEmbedder(msgspec.Struct, frozen=True):
    """Parameters of the provider's own, such as `task_type` and `title`, go into the request of each text.

    Args:
        cloud: Vertex AI has them in an object of their own, and the model only in the path.
    """

    cloud: bool = False
    takes_lists: ClassVar[bool] = True

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        params = accepted_parameters(request, endpoint, _NOT_TAKEN)
        if self.cloud:
            config = renamed(params, _NAMES_IN_CONFIG)
            shared: dict[str, Any] = {"embedContentConfig": config} if config else {}
        else:
            shared = {"model": f"models/{request.model.removeprefix('models/')}", **renamed(params, _NAMES)}
        asked = [
            {"content": {"parts": [{"text": text}], "role": "user"}, **shared} for text in texts_of(request, endpoint)
        ]
        return json_request({"requests": asked}, request, endpoint)

    def decode(self, body: bytes, request: Request, context: Context) -> EmbeddingResponse:
        """Return the vectors in the body of a reply."""
        return read_reply(body, request, context, _response)

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return reply_error(head, body, provider=endpoint.provider, model=request.model)


def on_vertex() -> GeminiEmbedder:
    """Return the format as Vertex AI has it."""
    return GeminiEmbedder(cloud=True)


def _response(payload: dict[str, Any]) -> EmbeddingResponse:
    vectors = [found["values"] for found in payload["embeddings"]]
    return response_of(vectors, gemini_usage(payload.get("usageMetadata")))

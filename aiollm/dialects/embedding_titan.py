"""The embeddings of Amazon's Titan text models on Bedrock: `POST {base}/model/{model}/invoke`, one text a request.

Source: AWS's manual of the models (assumed); the path and the errors: botocore's model of the service.
"""

from __future__ import annotations

from typing import Any

from aiollm.dialects.base import Context
from aiollm.dialects.body import accepted_parameters, json_request
from aiollm.dialects.converse_error import aws_error
from aiollm.dialects.embedding import prompt_usage, read_reply, renamed, response_of, texts_of
from aiollm.exceptions import APIError
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.wire.http import HttpRequest, ReplyHead

__all__ = ["TitanEmbedder"]

_NOT_TAKEN = frozenset({"encoding_format", "user"})


class TitanEmbedder:
    """One text in, one vector out; `normalize` and `embeddingTypes` are its own parameters."""

    takes_lists = False

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        params = renamed(accepted_parameters(request, endpoint, _NOT_TAKEN), {})
        return json_request({"inputText": texts_of(request, endpoint)[0], **params}, request, endpoint)

    def decode(self, body: bytes, request: Request, context: Context) -> EmbeddingResponse:
        """Return the vector in the body of a reply."""
        return read_reply(body, request, context, _response)

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return aws_error(head, body, provider=endpoint.provider, model=request.model)


def _response(payload: dict[str, Any]) -> EmbeddingResponse:
    vector = payload.get("embedding")
    if not vector:  # only other types of numbers were asked for
        _, vector = payload["embeddingsByType"].popitem()
    return response_of([vector], prompt_usage(payload.get("inputTextTokenCount")))

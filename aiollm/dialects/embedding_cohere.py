"""Cohere's embeddings, version 2 (`POST {base}/v2/embed`), and those of its models on Bedrock.

Sources: Cohere's Python client (7.3); on Bedrock, where the model stands in the path, AWS's manual (assumed).
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from aiollm.dialects.base import Context
from aiollm.dialects.body import accepted_parameters, json_request
from aiollm.dialects.converse_error import aws_error
from aiollm.dialects.embedding import prompt_usage, read_reply, renamed, response_of, texts_of
from aiollm.dialects.errors import error_from_reply
from aiollm.exceptions import APIError
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.shape import EMPTY
from aiollm.wire.http import HttpRequest, ReplyHead

__all__ = ["CohereEmbedder", "on_bedrock"]

_NOT_TAKEN = frozenset({"user"})
_NAMES = {"dimensions": "output_dimension"}
_COUNT_HEADER = "x-amzn-bedrock-input-token-count"


class CohereEmbedder(msgspec.Struct, frozen=True):
    """Every text needs a purpose (`input_type`), which is "search_document" where none is given, as in LiteLLM.

    Of several `embedding_types` the first is `embedding`; the others stand beside it under their names.

    Args:
        on_bedrock: the model stands in the path only, errors are AWS's, and a header counts the tokens.
    """

    on_bedrock: bool = False
    takes_lists: ClassVar[bool] = True

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        params = renamed(accepted_parameters(request, endpoint, _NOT_TAKEN), _NAMES)
        kind = params.pop("encoding_format", "float")
        body = {
            "texts": texts_of(request, endpoint),
            "input_type": "search_document",
            "embedding_types": [kind],
            **params,
        }
        return json_request(body if self.on_bedrock else {"model": request.model, **body}, request, endpoint)

    def decode(self, body: bytes, request: Request, context: Context) -> EmbeddingResponse:
        """Return the vectors in the body of a reply."""
        counted = context.origin.headers.get(_COUNT_HEADER, "")
        first = next(iter(request.params.get("embedding_types") or ()), request.params.get("encoding_format"))

        def response(payload: dict[str, Any]) -> EmbeddingResponse:
            tokens = (payload.get("meta") or EMPTY).get("billed_units") or EMPTY
            known = tokens.get("input_tokens") or (int(counted) if counted.isdecimal() else 0)
            return _response(payload["embeddings"], first, known, payload.get("id"))

        return read_reply(body, request, context, response)

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        read = aws_error if self.on_bedrock else error_from_reply
        return read(head, body, provider=endpoint.provider, model=request.model)


def on_bedrock() -> CohereEmbedder:
    """Return the format as Bedrock has it."""
    return CohereEmbedder(on_bedrock=True)


def _response(embeddings: Any, first: str | None, tokens: Any, id: str | None) -> EmbeddingResponse:
    by_type: dict[str, Any] = {"float": embeddings} if isinstance(embeddings, list) else embeddings
    kinds = {kind: vectors for kind, vectors in by_type.items() if vectors}
    if not kinds:
        raise LookupError("no type of embeddings")
    chosen = first if first in kinds else next(iter(kinds))
    response = response_of(kinds.pop(chosen), prompt_usage(tokens), **({"id": id} if id else {}))
    for kind, vectors in kinds.items():
        for item, vector in zip(response.data, vectors, strict=True):
            item[kind] = vector
    return response

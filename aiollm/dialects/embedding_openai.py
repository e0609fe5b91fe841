"""OpenAI's embeddings, and those of every compatible server: `POST {base}/embeddings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from aiollm.dialects.base import Context
from aiollm.dialects.body import accepted_parameters, json_request
from aiollm.dialects.embedding import read_reply, vector_of
from aiollm.dialects.errors import error_from_reply
from aiollm.dialects.usage import usage_from_object
from aiollm.exceptions import APIError
from aiollm.types.embedding import Embedding, EmbeddingResponse
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.wire.http import HttpRequest, ReplyHead

__all__ = ["OpenAIEmbedder", "at_mistral"]


class OpenAIEmbedder(msgspec.Struct, frozen=True):
    """Texts or token ids in, vectors or their base64 out.

    Args:
        renames: OpenAI's parameter name -> the provider's.
        not_taken: OpenAI's parameters that the provider does not take.
    """

    renames: Mapping[str, str] = {}
    not_taken: frozenset[str] = frozenset()
    takes_lists: ClassVar[bool] = True

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        params = accepted_parameters(request, endpoint, self.not_taken)
        body = {"model": request.model, **{self.renames.get(name, name): value for name, value in params.items()}}
        return json_request(body, request, endpoint)

    def decode(self, body: bytes, request: Request, context: Context) -> EmbeddingResponse:
        """Return the vectors in the body of a reply."""
        return read_reply(body, request, context, _response)

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return error_from_reply(head, body, provider=endpoint.provider, model=request.model)


def at_mistral() -> OpenAIEmbedder:
    """Return the format as Mistral has it. Verified in Mistral's Python client (3.7)."""
    return OpenAIEmbedder(renames={"dimensions": "output_dimension"}, not_taken=frozenset({"user"}))


def _response(payload: dict[str, Any]) -> EmbeddingResponse:
    members: dict[str, Any] = {**payload, "object": "list", "usage": usage_from_object(payload.get("usage"))}
    members["data"] = [_item(place, raw) for place, raw in enumerate(payload["data"])]
    members["data"].sort(key=lambda item: item.index)
    return EmbeddingResponse(**members)


def _item(place: int, raw: dict[str, Any]) -> Embedding:
    index = raw.get("index")
    index = place if index is None else index
    members: dict[str, Any] = {**raw, "embedding": vector_of(raw["embedding"]), "index": index}
    return Embedding(**members)

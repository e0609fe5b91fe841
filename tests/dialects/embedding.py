"""Writes requests for embeddings and reads their replies, without sockets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiollm.dialects.base import Context, Embedder
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.endpoint import Endpoint
from aiollm.types.origin import Origin
from aiollm.types.parameters import EMBEDDING_PARAMS
from aiollm.types.request import Request

HERE = Endpoint("acme", "http://acme.invalid/embeddings")


def asked(given: Any = "a", /, *, drop_params: bool = False, **params: Any) -> Request:
    """A request, with its parameters."""
    return Request(
        model="m",
        messages=(),
        params={"input": given, **params},
        known=EMBEDDING_PARAMS,
        drop_params=drop_params,
    )


def written(embedder: Embedder, request: Request) -> Any:
    """The body that goes out."""
    return json.loads(embedder.encode(request, HERE).body)


def answered(
    embedder: Embedder, payload: Any, request: Request | None = None, headers: Mapping[str, str] = {}
) -> EmbeddingResponse:
    """What comes of a reply: a text, or what becomes JSON."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    context = Context(HERE, 0, lambda: "id", Origin(headers=headers))
    return embedder.decode(body, request or asked(), context)


def vectors(response: EmbeddingResponse) -> list[Any]:
    """The vectors, in their order, which the indices say too."""
    assert [item.index for item in response.data] == list(range(len(response.data)))
    return [item.embedding for item in response.data]

"""Embeddings in each wire format: the inputs of a request, and vectors as its reply."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

from attrs import frozen

from aiollm.testing.log import LoggedRequest
from aiollm.types.shape import JSON

__all__ = ["EmbeddingFormat", "Vectors", "embedding_format"]

Vectors = Sequence[Sequence[float]]
_Reply = Callable[[LoggedRequest, Vectors, int], object]
_LENGTHS = ("dimensions", "output_dimension", "outputDimensionality")


@frozen
class EmbeddingFormat:
    """One wire format.

    Attributes:
        inputs: what a request wants embedded: texts, or lists of token ids.
        reply: from vectors and the count of the input's tokens to the body of the reply.
        asked: the object that has the length of the vectors, where the request says it.
    """

    inputs: Callable[[LoggedRequest], list[Any]]
    reply: _Reply
    asked: Callable[[LoggedRequest], Any] = lambda request: request.json

    def length(self, request: LoggedRequest, default: int) -> int:
        """Return how long the vectors are to be."""
        asked: JSON = self.asked(request)
        found = (asked.get(name) for name in _LENGTHS) if isinstance(asked, dict) else ()
        return next((length for length in found if isinstance(length, int) and 1 <= length <= 4096), default)


def embedding_format(request: LoggedRequest) -> EmbeddingFormat | None:
    """Return the format that a request for embeddings is in; None for any other request."""
    for pattern, format_ in _BY_PATH:
        if pattern.search(unquote(request.path)) and _asks(format_, request):
            return format_
    return None


def _asks(format_: EmbeddingFormat, request: LoggedRequest) -> bool:
    try:
        return bool(format_.inputs(request))
    except (KeyError, TypeError, ValueError, IndexError):  # it is in another form, or no JSON
        return False


def _listed(given: Any) -> list[Any]:
    return [given] if isinstance(given, str) or isinstance(given[0], int) else list(given)


def _openai(request: LoggedRequest, vectors: Vectors, tokens: int) -> object:
    as_text = request.member("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": place, "embedding": _base64(vector) if as_text else list(vector)}
        for place, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    model = request.member("model", "scripted")
    return {"object": "list", "id": f"scripted-{request.index}", "model": model, "data": data, "usage": usage}


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _cohere(request: LoggedRequest, vectors: Vectors, tokens: int) -> object:
    kinds = request.member("embedding_types") or ["float"]
    found = [_base64(vector) for vector in vectors] if kinds == ["base64"] else [list(vector) for vector in vectors]
    return {
        "id": f"scripted-{request.index}",
        "response_type": "embeddings_by_type",
        "embeddings": {kinds[0]: found},
        "texts": request.json["texts"],
        "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": tokens}},
    }


def _gemini(request: LoggedRequest, vectors: Vectors, tokens: int) -> object:
    counted = {"usageMetadata": {"promptTokenCount": tokens}}
    return {"embeddings": [{"values": list(vector)} for vector in vectors], **counted}


def _vertex(request: LoggedRequest, vectors: Vectors, tokens: int) -> object:
    counts = [tokens - (len(vectors) - 1), *[1] * (len(vectors) - 1)]  # they add up
    return {
        "predictions": [
            {"embeddings": {"values": list(vector), "statistics": {"token_count": count, "truncated": False}}}
            for vector, count in zip(vectors, counts, strict=True)
        ]
    }


def _ollama(request: LoggedRequest, vectors: Vectors, tokens: int) -> object:
    model = request.member("model", "scripted")
    return {"model": model, "embeddings": [list(vector) for vector in vectors], "prompt_eval_count": tokens}


def _titan(request: LoggedRequest, vectors: Vectors, tokens: int) -> object:
    return {"embedding": list(vectors[0]), "inputTextTokenCount": tokens}


_PREDICT = EmbeddingFormat(
    lambda request: [instance["content"] for instance in request.json["instances"]],
    _vertex,
    lambda request: request.member("parameters"),
)
_BATCH = EmbeddingFormat(
    lambda request: [one["content"]["parts"][0]["text"] for one in request.json["requests"]],
    _gemini,
    lambda request: {**request.json["requests"][0], **request.json["requests"][0].get("embedContentConfig", {})},
)
_COHERE = EmbeddingFormat(lambda request: list(request.json["texts"]), _cohere)

_BY_PATH: tuple[tuple[re.Pattern[str], EmbeddingFormat], ...] = (
    (re.compile(r":batchEmbedContents$"), _BATCH),
    (re.compile(r":predict$"), _PREDICT),
    (re.compile(r"/v2/embed$"), _COHERE),
    (re.compile(r"/api/embed$"), EmbeddingFormat(lambda request: _listed(request.json["input"]), _ollama)),
    (re.compile(r"/embeddings$"), EmbeddingFormat(lambda request: _listed(request.json["input"]), _openai)),
    (re.compile(r"/model/.*cohere\.embed-[^/]*/invoke$"), _COHERE),
    (re.compile(r"/model/[^/]+/invoke$"), EmbeddingFormat(lambda request: [request.json["inputText"]], _titan)),
    (
        re.compile(r"/pipeline/feature-extraction$"),
        EmbeddingFormat(
            lambda request: _listed(request.json["inputs"]),
            lambda request, vectors, tokens: [list(vector) for vector in vectors],
        ),
    ),
)

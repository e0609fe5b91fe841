"""OpenAI's embeddings: texts in, vectors out, as numbers or as base64.

Source: https://platform.openai.com/docs/api-reference/embeddings; openai-python asks for base64 unless told otherwise.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from struct import pack, unpack
from typing import Any, Literal

from aiollm.outbound.frames import encode
from aiollm.proxy.inbound.allowed import arguments_of, notes_of, seconds_of
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.body import asked_model, refused, text
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.parameters import EMBEDDING_PARAMS

__all__ = ["embedding_response", "parse_embedding"]

_HANDLED = frozenset({"model", "input", "encoding_format"})


def parse_embedding(body: dict[str, Any]) -> Asked:
    """Return what a request for embeddings asks.

    The provider is asked for numbers in any case, which all of them have; base64 is made of them here.

    Raises:
        BadRequestError: it lacks what it needs, or says what only the operator may.
    """
    if body.get("input") in (None, "", []):
        raise refused("input", "must be given")
    return Asked(
        call="embedding",
        model=asked_model(body),
        arguments={"input": body["input"], **arguments_of(body, EMBEDDING_PARAMS, _HANDLED)},
        encoding=_encoding(body.get("encoding_format")),
        timeout=seconds_of(body),
        user=text(body, "user"),
        metadata=notes_of(body),
    )


def _encoding(wanted: Any) -> Literal["float", "base64"]:
    if wanted not in (None, "float", "base64"):
        raise refused("encoding_format", 'must be "float" or "base64"')
    return "base64" if wanted == "base64" else "float"


def embedding_response(response: EmbeddingResponse, asked: Asked) -> bytes:
    """Return the body of an answer."""
    data = [
        {"object": "embedding", "index": item.index, "embedding": _written(item.embedding, asked.encoding)}
        for item in response.data
    ]
    usage = response.usage and {
        "prompt_tokens": response.usage.prompt_tokens,
        "total_tokens": response.usage.total_tokens,
    }
    return encode({"object": "list", "data": data, "model": asked.model, "usage": usage})


def _written(vector: list[float] | str, encoding: str) -> Any:
    """Return a vector as it was asked for: base64 is of little-endian floats of 32 bits."""
    if encoding == "base64":
        return vector if isinstance(vector, str) else b64encode(pack(f"<{len(vector)}f", *vector)).decode()
    if isinstance(vector, str):
        data = b64decode(vector)
        return unpack(f"<{len(data) // 4}f", data)
    return vector

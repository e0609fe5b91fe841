"""Vectors for texts."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from aiollm.types.record import Nested, Record
from aiollm.types.usage import Usage
from aiollm.types.whole_answer import WholeAnswer

__all__ = ["Embedding", "EmbeddingResponse"]


class Embedding(Record, kw_only=True):
    """The vector of one input."""

    _always: ClassVar[frozenset[str]] = frozenset({"embedding", "index", "object"})

    embedding: list[float] | str = msgspec.field(default_factory=list[float])
    """Numbers; text where base64 was asked for: little-endian floats of 32 bits."""
    index: int = 0
    """The place of its text in the input, from 0."""
    object: str = "embedding"


class EmbeddingResponse(WholeAnswer, kw_only=True):
    """A vector for each input, in their order. `usage` is None where the provider does not count."""

    _nested: ClassVar[Nested] = {"data": Embedding, "usage": Usage}
    _always: ClassVar[frozenset[str]] = frozenset({"model", "data", "object"})

    model: str | None = None
    data: list[Embedding] = msgspec.field(default_factory=list[Embedding])
    object: str = "list"
    usage: Usage | None = None

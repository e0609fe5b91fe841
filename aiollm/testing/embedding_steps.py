"""A right answer to a request for embeddings, in the wire format that the request is in."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

from aiollm.testing.exchange import Exchange
from aiollm.testing.head_steps import Body, status
from aiollm.testing.step import ScriptError, Step, call_name
from aiollm.testing.tongues.embeddings import embedding_format

__all__ = ["embeddings"]

LENGTH = 3
"""How long a vector is where the request does not say."""


def embeddings(*vectors: Sequence[float], tokens: int | None = None) -> Step:
    """Answer with these vectors, one for each input; by default with small ones of length 1, made of the inputs.

    The same input gets the same vector each time, and another input another. `tokens` is the count of the input's
    tokens, by default its words.
    """

    async def run(exchange: Exchange) -> None:
        request = exchange.request
        spoken = embedding_format(request)
        if spoken is None:
            raise ScriptError(f"embeddings() has no answer for {request.method} {request.path}: it asks for no vectors")
        inputs = spoken.inputs(request)
        made = vectors or [_vector(given, spoken.length(request, LENGTH)) for given in inputs]
        counted = sum(map(_count, inputs)) if tokens is None else tokens
        body: Body = spoken.reply(request, made, counted)  # type: ignore[assignment]
        await status(200, body=body).run(exchange)

    return Step(call_name("embeddings", *vectors, tokens=tokens), run, sets_head=True, sends=True, ends=True)


def _vector(given: Any, length: int) -> list[float]:
    digest = hashlib.sha256(repr(given).encode()).digest()
    numbers = [byte - 127.5 for byte in islice(cycle(digest), length)]
    size = math.hypot(*numbers)
    return [number / size for number in numbers]


def _count(given: Any) -> int:
    return len(given.split() if isinstance(given, str) else given)

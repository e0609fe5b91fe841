"""`stream_chunk_builder`: the chunks of a stream back into one response."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from aiollm.dialects.assembly import Assembler
from aiollm.exceptions import APIError
from aiollm.pricing.estimate import BYTES_PER_TOKEN
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import ModelResponse
from aiollm.types.shape import is_mapping
from aiollm.types.usage import Usage

__all__ = ["estimated_usage", "stream_chunk_builder"]

_TOKENS_PER_MESSAGE = 4  # role and separators


def stream_chunk_builder(
    chunks: Iterable[ModelResponseStream | Mapping[str, Any]] | None, messages: list[Any] | None = None
) -> ModelResponse | None:
    """Put the chunks of one stream together into the response that the call would have given without `stream`.

    Args:
        chunks: the chunks in order, as objects or as dicts.
        messages: the prompt. When the provider counted no tokens and this is given, the usage is estimated from the
            length of the texts, and marked with `estimated=True`; without it, `usage` is None.

    Returns:
        The response, or None when there is no chunk.

    Raises:
        APIError: `chunks` is None, or holds something that is not a chunk.
    """
    if not isinstance(chunks, Iterable):
        raise APIError(f"stream_chunk_builder needs a list of chunks; got {type(chunks).__name__}", param="chunks")
    assembler = Assembler()
    for position, given in enumerate(chunks):
        try:
            chunk = given if isinstance(given, ModelResponseStream) else ModelResponseStream(**given)
            if chunk.recovery is not None and chunk.recovery.action == "restart":
                assembler = Assembler()  # what came before is void
            assembler.add(chunk)
        except (TypeError, AttributeError, ValueError) as error:
            raise APIError(f"chunks[{position}] is not a chunk of a stream: {error}", param="chunks") from error
    try:
        response = assembler.response()
    except TypeError as error:
        raise APIError(f"the chunks do not fit together: {error}", param="chunks") from error
    if response is not None and response.usage is None and messages is not None:
        response.usage = estimated_usage(messages, assembler.text())
    return response


def estimated_usage(messages: Iterable[Any], answer: str) -> Usage:
    """Return about how many tokens a prompt and its answer are, by the length of their texts, marked as an estimate."""
    prompt = sum(_TOKENS_PER_MESSAGE + _tokens(msgspec.json.encode(_content(message)).decode()) for message in messages)
    completion = _tokens(answer)
    usage = Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)
    usage["estimated"] = True
    return usage


def _content(message: Any) -> Any:
    return message.get("content") if is_mapping(message) else getattr(message, "content", None)


def _tokens(text: str) -> int:
    return math.ceil(len(text.encode()) / BYTES_PER_TOKEN)

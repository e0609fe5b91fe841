"""A whole answer as bytes that outlive the process, and back. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from aiollm.dialects.responses_message import finish_of
from aiollm.providers.registry import Api
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.response import ModelResponse
from aiollm.types.responses import ResponsesAPIResponse

__all__ = ["Answer", "Entry", "read_entry", "worth_keeping", "write_entry"]

Answer = ModelResponse | ResponsesAPIResponse | EmbeddingResponse

ENTRY_VERSION = 1
"""Written into every entry: those of another version are not read."""

_ANSWERS: dict[str, type[Answer]] = {
    "chat": ModelResponse,
    "responses": ResponsesAPIResponse,
    "embeddings": EmbeddingResponse,
}


class Entry(msgspec.Struct, frozen=True):
    """An answer that was kept.

    Attributes:
        answer: the answer.
        stored: when it was kept, in seconds since the epoch.
        served_model: the model's name in the reply that it came with.
        lacks_usage: whether nobody asked for the usage, so that the answer has none.
    """

    answer: Any
    stored: float
    served_model: str | None
    lacks_usage: bool


class _Written(msgspec.Struct, array_like=True):
    """The form of an entry. Its version comes first, and is the only part that is the same in all."""

    version: int
    api: str
    stored: float
    served_model: str | None
    lacks_usage: bool
    answer: dict[str, Any]


def worth_keeping(answer: Answer) -> bool:
    """Whether an answer that has come to its end may be given again.

    One that a content filter cut is not, nor one without a finish reason, which may be cut, nor a response that is
    still at work in the background.
    """
    if isinstance(answer, ModelResponse):
        reasons = [choice.finish_reason for choice in answer.choices]
        return bool(reasons) and all(reason and reason != "content_filter" for reason in reasons)
    if isinstance(answer, ResponsesAPIResponse):
        ended = answer.status in ("completed", "incomplete")
        return ended and finish_of(answer.model_dump()) != "content_filter"
    return True


def write_entry(api: Api, answer: Answer, stored: float, *, asked_usage: bool = True) -> bytes:
    """Return an answer as bytes.

    Args:
        api: what it is an answer of.
        answer: the answer.
        stored: the time, in seconds since the epoch.
        asked_usage: whether the provider was asked for the usage.

    Raises:
        TypeError, ValueError: it holds something that is no JSON.
    """
    origin = answer._origin  # pyright: ignore[reportPrivateUsage]  # not for users
    served = origin.served_model if origin else None
    lacks_usage = answer.usage is None and not asked_usage
    return msgspec.json.encode(_Written(ENTRY_VERSION, api, stored, served, lacks_usage, answer.model_dump()))


def read_entry(api: Api, data: bytes) -> Entry | None:
    """Return the entry in some bytes; None when it is damaged, of another version, or of another API."""
    try:
        written = msgspec.json.decode(data, type=_Written)
        if written.version != ENTRY_VERSION or written.api != api:
            return None
        answer = _ANSWERS[api](**written.answer)
        return Entry(answer, written.stored, written.served_model, written.lacks_usage)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None

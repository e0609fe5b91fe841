"""What a provider sent that is not what it should be, as an exception that quotes its beginning."""

from __future__ import annotations

from typing import Any

from aiollm.exceptions import APIResponseValidationError, InvalidChunk
from aiollm.types.lenient import lenient_json

__all__ = ["invalid_event", "invalid_reply", "reply_json"]

QUOTED_BYTES = 120


def invalid_event(data: bytes, reason: str, *, provider: str, model: str) -> InvalidChunk:
    """Return the error for an event of a stream that cannot be read."""
    message = f"{provider} sent an event that cannot be read: {reason}; it begins {_beginning(data)}"
    return InvalidChunk(message, llm_provider=provider, model=model, phase="stream")


def invalid_reply(body: bytes, fault: str, *, provider: str, model: str) -> APIResponseValidationError:
    """Return the error for a whole reply that is no answer.

    Args:
        body: the reply's body.
        fault: what is wrong with it, as in "without `choices`".
    """
    message = f"{provider} answered {fault}; the body begins {_beginning(body)}"
    return APIResponseValidationError(message, llm_provider=provider, model=model)


def reply_json(body: bytes, *, provider: str, model: str) -> Any:
    """Return the JSON in the body of a whole reply.

    Raises:
        APIResponseValidationError: it is none.
    """
    try:
        return lenient_json(body)
    except ValueError as error:
        fault = f"with a body that is not JSON ({error})"
    raise invalid_reply(body, fault, provider=provider, model=model)


def _beginning(data: bytes) -> str:
    return repr(data[:QUOTED_BYTES].decode("utf-8", "replace"))

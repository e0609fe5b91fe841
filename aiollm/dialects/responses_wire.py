"""The Responses API on the wire: its events and its whole reply, whoever reads them."""

from __future__ import annotations

from typing import Any

from aiollm.dialects.base import Context
from aiollm.dialects.errors import error_from_object
from aiollm.exceptions import APIError, APIResponseValidationError, InvalidChunk
from aiollm.types.lenient import lenient_json
from aiollm.types.request import Request

__all__ = ["ENDINGS", "event_of", "invalid_event", "invalid_response", "response_object"]

ENDINGS = {"response.completed": "completed", "response.incomplete": "incomplete", "response.failed": "failed"}
"""The events that end a response, and the status they give it. Nothing else does."""

_QUOTED_CHARACTERS = 120


def event_of(data: bytes, name: str | None, *, provider: str, model: str) -> dict[str, Any]:
    """Return the event in a frame, with its type.

    Raises:
        APIError: it is an error of the provider's, or no event.
    """
    try:
        payload = lenient_json(data)
    except ValueError as error:
        raise invalid_event(data, str(error), provider=provider, model=model) from None
    if not isinstance(payload, dict):
        raise invalid_event(data, "it is not an object", provider=provider, model=model)
    payload.setdefault("type", name)
    if payload["type"] == "error" or payload.get("object") == "error" or (payload.get("error") and not name):
        raise error_from_object(payload, provider=provider, model=model, phase="stream")
    return payload


def invalid_event(data: bytes, reason: str, *, provider: str, model: str) -> InvalidChunk:
    """Return the error for an event that cannot be read."""
    quoted = data[:_QUOTED_CHARACTERS].decode("utf-8", "replace")
    return InvalidChunk(
        f"an event of the stream cannot be read: {reason}; it begins {quoted!r}",
        llm_provider=provider,
        model=model,
        phase="stream",
    )


def response_object(body: bytes, request: Request, context: Context) -> dict[str, Any]:
    """Return the response in the body of a whole reply.

    Raises:
        APIError: the body is an error, or no response.
    """
    provider = context.endpoint.provider
    try:
        payload = lenient_json(body)
    except ValueError as error:
        quoted = body[:_QUOTED_CHARACTERS].decode("utf-8", "replace")
        raise APIResponseValidationError(
            f"{provider} answered with a body that is not JSON ({error}); it begins {quoted!r}",
            model=request.model,
            llm_provider=provider,
        ) from None
    if not isinstance(payload, dict) or (payload.get("error") and "output" not in payload):
        raise error_from_object(payload, provider=provider, model=request.model)
    if not isinstance(payload.get("output"), list):
        raise invalid_response("without `output`", payload, request, context)
    return payload


def invalid_response(reason: str, payload: dict[str, Any], request: Request, context: Context) -> APIError:
    """Return the error for a whole reply that is not what it should be."""
    return APIResponseValidationError(
        f"{context.endpoint.provider} answered {reason}",
        model=request.model,
        llm_provider=context.endpoint.provider,
        body=payload,
    )

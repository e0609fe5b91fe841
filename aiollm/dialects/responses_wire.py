"""The Responses API on the wire: its events and its whole reply, whoever reads them."""

from __future__ import annotations

from typing import Any

from aiollm.dialects.base import Context
from aiollm.dialects.errors import error_from_object
from aiollm.dialects.unreadable import invalid_event, reply_json
from aiollm.exceptions import APIError, APIResponseValidationError
from aiollm.types.lenient import lenient_json
from aiollm.types.request import Request
from aiollm.types.shape import JSON

__all__ = ["ENDINGS", "event_of", "invalid_response", "response_object"]

ENDINGS = {"response.completed": "completed", "response.incomplete": "incomplete", "response.failed": "failed"}
"""The events that end a response, and the status they give it. Nothing else does."""


def event_of(data: bytes, name: str | None, *, provider: str, model: str) -> dict[str, Any]:
    """Return the event in a frame, with its type.

    Raises:
        APIError: it is an error of the provider's, or no event.
    """
    try:
        payload: JSON = lenient_json(data)
    except ValueError as error:
        raise invalid_event(data, str(error), provider=provider, model=model) from None
    if not isinstance(payload, dict):
        raise invalid_event(data, "it is not an object", provider=provider, model=model)
    payload.setdefault("type", name)
    if payload["type"] == "error" or payload.get("object") == "error" or (payload.get("error") and not name):
        raise error_from_object(payload, provider=provider, model=model, phase="stream")
    return payload


def response_object(body: bytes, request: Request, context: Context) -> dict[str, Any]:
    """Return the response in the body of a whole reply.

    Raises:
        APIError: the body is an error, or no response.
    """
    provider = context.endpoint.provider
    payload: JSON = reply_json(body, provider=provider, model=request.model)
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

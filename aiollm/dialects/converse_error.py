"""What AWS reports of a failure, in a reply's head and body or in the middle of a stream, as an exception.

The name of AWS's exception decides; sources: the service's model in botocore, and recorded replies.
"""

from __future__ import annotations

from typing import Any

from aiollm.dialects.errors import error_class, error_from_object, json_or_text
from aiollm.exceptions import (
    APIError,
    AuthenticationError,
    ContextWindowExceededError,
    InternalServerError,
)
from aiollm.types.shape import JSON
from aiollm.wire.eventstream import EXCEPTION
from aiollm.wire.frame import Frame
from aiollm.wire.http import ReplyHead

__all__ = ["aws_error", "is_failure", "stream_error"]

_STATUS = {
    "accessdeniedexception": 403,
    "internalserverexception": 500,
    "modelerrorexception": 424,
    "modelnotreadyexception": 429,
    "modelstreamerrorexception": 424,
    "modeltimeoutexception": 408,
    "resourcenotfoundexception": 404,
    "servicequotaexceededexception": 400,
    "serviceunavailableexception": 503,
    "throttlingexception": 429,
    "validationexception": 400,
}
_MODEL_FAILED = frozenset({"modelerrorexception", "modelstreamerrorexception"})
_TRANSPORT_ERROR = "error:"


def is_failure(frame: Frame) -> bool:
    """Whether a frame stands for a failure, in place of an event."""
    return frame.event.startswith((EXCEPTION, _TRANSPORT_ERROR))


def stream_error(frame: Frame, *, provider: str, model: str | None = None) -> APIError:
    """Return the exception for a frame that stands for a failure; a framer does not know the model."""
    name = frame.event.partition(":")[2]
    return _error(name, json_or_text(frame.data), None, provider=provider, model=model)


def aws_error(head: ReplyHead, body: bytes, *, provider: str, model: str) -> APIError:
    """Return the exception for a reply with a failure status."""
    reported: JSON = json_or_text(body)
    named = head.headers.get("x-amzn-errortype") or (reported.get("__type") if isinstance(reported, dict) else None)
    # Before a colon in the header, behind a number sign in the body.
    name = str(named or "").partition(":")[0].rpartition("#")[2]
    return _error(name, reported, head, provider=provider, model=model)


def _error(name: str, reported: JSON, head: ReplyHead | None, *, provider: str, model: str | None) -> APIError:
    kind = name.lower()
    facts = reported if isinstance(reported, dict) else {"message": reported}
    message = facts.get("message") or facts.get("Message") or facts.get("originalMessage") or ""
    status = head.status if head is not None else _STATUS.get(kind, 500)
    if head is None and kind in _MODEL_FAILED:
        status = _original_status(facts)
    error = error_from_object(
        {**facts, "message": message, "code": name or None},
        status=status,
        provider=provider,
        model=model or "",
        headers=head.headers if head is not None else None,
    )
    error.model = model
    cls = _class(kind, status, str(message).lower())
    return error if cls is type(error) else _as(cls, error)


def _class(kind: str, status: int, words: str) -> type[APIError]:
    if "input is too long for requested model" in words:
        return ContextWindowExceededError
    if "security token" in words and "invalid" in words:
        return AuthenticationError
    if kind in _MODEL_FAILED and status == _STATUS[kind]:
        return InternalServerError  # the request was right, and the model failed
    return error_class(status, text=words)


def _original_status(facts: dict[str, Any]) -> int:
    """Return the status that the model's own server gave; a failing model is the provider's fault."""
    status = facts.get("originalStatusCode")
    return status if isinstance(status, int) and 400 <= status < 600 else 500


def _as(cls: type[APIError], error: APIError) -> APIError:
    """Return an error with another class."""
    members = ("model", "llm_provider", "status_code", "code", "type", "param", "body", "request_id", "headers")
    return cls(error.message, **{name: getattr(error, name) for name in members}, retry_after=error.retry_after)

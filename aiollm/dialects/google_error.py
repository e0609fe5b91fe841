"""Google's error object as an exception: `{"error": {"code", "message", "status", "details"}}`, or that in an array.

Its `details` are typed (https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto): an
`ErrorInfo` has the reason in one word, a `RetryInfo` how long to wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aiollm.dialects.errors import error_from_object, json_or_text
from aiollm.exceptions import APIError
from aiollm.types.shape import JSON, is_object
from aiollm.wire.http import ReplyHead

__all__ = ["google_error", "is_google_error", "reply_error"]


def is_google_error(payload: Any) -> bool:
    """Whether a decoded event or body is an error."""
    return bool(_inner(payload))


def google_error(
    payload: Any,
    *,
    provider: str,
    model: str,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    phase: str | None = None,
) -> APIError:
    """Make the exception for an error.

    Args:
        payload: the decoded body or event; text where it is no JSON.
        status: the HTTP status; None for an error inside a reply with status 200.
        headers: the reply's headers, names in lower case.
    """
    inner = _inner(payload)
    if inner is None:
        return error_from_object(payload, status=status, provider=provider, model=model, headers=headers, phase=phase)
    reason = next((detail["reason"] for detail in _details(inner) if isinstance(detail.get("reason"), str)), None)
    error = error_from_object(
        {"error": {**inner, "type": reason}},
        status=status,
        provider=provider,
        model=model,
        headers=headers,
        phase=phase,
    )
    error.body = payload
    error.type = inner.get("status") if isinstance(inner.get("status"), str) else reason
    if error.retry_after is None:
        error.retry_after = _retry_delay(inner)
    return error


def reply_error(head: ReplyHead, body: bytes, *, provider: str, model: str) -> APIError:
    """Make the exception for a reply with a failure status."""
    return google_error(json_or_text(body), status=head.status, provider=provider, model=model, headers=head.headers)


def _inner(payload: JSON) -> dict[str, Any] | None:
    outer: JSON = payload[0] if isinstance(payload, list) and payload else payload
    inner: JSON = outer.get("error") if isinstance(outer, dict) else None
    return inner if isinstance(inner, dict) else None


def _details(inner: dict[str, Any]) -> Iterator[dict[str, Any]]:
    details: JSON = inner.get("details")
    yield from (detail for detail in details if is_object(detail)) if isinstance(details, list) else ()


def _retry_delay(inner: dict[str, Any]) -> float | None:
    """Return the seconds of a `RetryInfo`, written as "12s" or "0.5s"."""
    for detail in _details(inner):
        try:
            return max(0.0, float(detail["retryDelay"].removesuffix("s")))
        except (AttributeError, KeyError, ValueError):
            continue
    return None

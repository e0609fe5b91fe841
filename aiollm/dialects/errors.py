"""From a provider's error object to an exception, by tables.

The provider's own code or type decides first, then phrases that only ever mean one thing, then the HTTP status.
Sources of the shapes and phrases: recorded replies of some eighty providers, and LiteLLM's documented mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from aiollm.exceptions import (
    APIError,
    AuthenticationError,
    BadGatewayError,
    BadRequestError,
    ContentPolicyViolationError,
    ContextWindowExceededError,
    InternalServerError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    RateLimitError,
    ServiceUnavailableError,
    Timeout,
    UnprocessableEntityError,
)
from aiollm.types.lenient import lenient_json
from aiollm.types.shape import JSON
from aiollm.wire.http import ReplyHead

__all__ = [
    "MALFORMED",
    "error_class",
    "error_from_object",
    "error_from_reply",
    "json_or_text",
    "request_id",
    "retry_after_seconds",
]

MAX_QUOTED_CHARACTERS = 500

MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading a member raises that is of another type or size than it should be."""

_BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: Timeout,
    422: UnprocessableEntityError,
    429: RateLimitError,
    500: InternalServerError,
    502: BadGatewayError,
    503: ServiceUnavailableError,
    504: Timeout,
    529: OverloadedError,
}

_BY_CODE: dict[str, type[APIError]] = {
    "api_key_invalid": AuthenticationError,
    "authentication_error": AuthenticationError,
    "bio_policy": ContentPolicyViolationError,
    "content_filter": ContentPolicyViolationError,
    "content_policy_violation": ContentPolicyViolationError,
    "context_length_exceeded": ContextWindowExceededError,
    "exceed_context_size_error": ContextWindowExceededError,
    "image_content_policy_violation": ContentPolicyViolationError,
    "insufficient_quota": RateLimitError,
    "invalid_api_key": AuthenticationError,
    "misalignment_policy_violation": ContentPolicyViolationError,
    "model_not_found": NotFoundError,
    "not_found_error": NotFoundError,
    "overloaded_error": OverloadedError,
    "permission_error": PermissionDeniedError,
    "rate_limit_error": RateLimitError,
    "rate_limit_exceeded": RateLimitError,
    "responsibleaipolicyviolation": ContentPolicyViolationError,
    "server_error": InternalServerError,
    "too_many_tokens": ContextWindowExceededError,
}

# Codes and types that mean the caller's input, most of a failed response (openai-python 3.57.0, `ResponseError`).
_FAULTY_INPUT = (
    "empty_image_file",
    "failed_to_download_image",
    "image_file_not_found",
    "image_file_too_large",
    "image_parse_error",
    "image_too_large",
    "image_too_small",
    "invalid_base64_image",
    "invalid_image",
    "invalid_image_format",
    "invalid_image_mode",
    "invalid_image_url",
    "data_residency_mismatch",
    "invalid_prompt",
    "invalid_request_error",
    "unsupported_image_media_type",
)
_BY_CODE.update(dict.fromkeys(_FAULTY_INPUT, BadRequestError))

_GENERAL = (BadRequestError, InternalServerError)
"""What says less than the words of the error, or than a status that is more precise."""

_CONTEXT_WINDOW = (
    "exceed context limit",
    "exceeds the available context size",
    "exceeds the maximum number of tokens allowed",
    "input tokens exceed the configured limit",
    "is longer than the model's context length",
    "maximum context length",
    "maximum prompt length is",
    "prompt is too long",
    "model's maximum context limit",
)
_CONTENT_POLICY = (
    "azure openai's content management",
    "content_filter_policy",
    "content_policy_violation",
    "as a result of our safety system",
    "blocked by content filtering policy",
    "the model produced invalid content",
    "rejected as a result of the safety system",
    "responsibleaipolicyviolation",
    "violating our usage policy",
)

_HINTS: dict[type[APIError], str] = {
    AuthenticationError: "check the key; `aiollm models {provider}` names its variables",
    ContextWindowExceededError: "shorten the messages, or ask for fewer tokens",
    NotFoundError: "check the model's name, and api_base",
}

_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "cf-ray")
_NEVER_RETRYABLE_CODES = frozenset({"insufficient_quota"})
_RETRYABLE_STATUSES = frozenset({409, 425})


def error_class(status: int | None, code: str | None = None, kind: str | None = None, text: str = "") -> type[APIError]:
    """Return the class for a status, a provider's code and type, and its words."""
    general: type[APIError] = InternalServerError
    for name in (code, kind):
        found = _BY_CODE.get(name.lower()) if name else None
        if found and found not in _GENERAL:
            return found
        general = found or general
    words = text.lower()
    if status in (None, 200, 400, 413, 422, 500):
        if any(phrase in words for phrase in _CONTEXT_WINDOW):
            return ContextWindowExceededError
        if any(phrase in words for phrase in _CONTENT_POLICY):
            return ContentPolicyViolationError
    if status is None or status < 400:
        return general
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status < 500:
        return BadRequestError
    return InternalServerError


def error_from_object(
    error: JSON,
    *,
    status: int | None = None,
    provider: str,
    model: str,
    headers: Mapping[str, str] | None = None,
    phase: str | None = None,
) -> APIError:
    """Make the exception for a provider's error.

    Args:
        error: the decoded body or error member: an object, a list of them, a string, or anything else.
        status: the HTTP status of the reply; None for an error inside a reply with status 200, whose own status is then
            looked for in the object.
        headers: the reply's headers, names in lower case.
    """
    body, message, code, kind, param = _facts(error)
    if status is None or status < 400:
        status = _status_within(error, body, code)
    inner: JSON = body.get("innererror")  # Azure's: why its filter refused
    cls = error_class(status, code, kind, f"{message} {inner.get('code')}" if isinstance(inner, dict) else message)
    wait = retry_after_seconds(headers or {})
    where = f"{provider} answered {status}" if status else f"{provider} reported an error"
    return cls(
        f"{where}: {message}" if message else f"{where} without a message",
        model=model,
        llm_provider=provider,
        status_code=status,
        code=code,
        type=kind,
        param=param,
        body=error if isinstance(error, dict | list) else None,
        request_id=request_id(headers or {}) or _request_id_within(error),
        headers=headers,
        retry_after=wait,
        retryable=_retryable(status, code, kind),
        phase=phase,
        hint=f"it asks to wait {wait:g} s" if wait else _HINTS.get(cls, "").format(provider=provider) or None,
    )


def error_from_reply(head: ReplyHead, body: bytes, *, provider: str, model: str) -> APIError:
    """Make the exception for a reply with a failure status, whose body is JSON or any text."""
    return error_from_object(
        json_or_text(body), status=head.status, provider=provider, model=model, headers=head.headers
    )


def json_or_text(body: bytes) -> Any:
    """Return what an error's body says: its JSON, or its text where it is none."""
    try:
        return lenient_json(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _retryable(status: int | None, code: str | None, kind: str | None) -> bool | None:
    """Whether another try may help; None leaves it to the error's class."""
    if code in _NEVER_RETRYABLE_CODES or kind in _NEVER_RETRYABLE_CODES:
        return False
    if status is None or status in _BY_STATUS:
        return None
    return status >= 500 or status in _RETRYABLE_STATUSES


def _facts(error: JSON) -> tuple[dict[str, Any], str, str | None, str | None, str | None]:
    """Find the error object, its message, code, type and parameter in the shapes providers use."""
    outer: JSON = error[0] if isinstance(error, list) and error else error
    if not isinstance(outer, dict):
        return {}, _quoted(outer), None, None, None
    inner: JSON = outer.get("error")
    body = inner if isinstance(inner, dict) else outer
    message = body.get("message") or body.get("detail") or body.get("title") or body.get("msg")
    if not message and isinstance(inner, str):
        message = inner
    if not message and isinstance(body.get("errors"), list) and body["errors"]:
        return _facts(body["errors"][0])
    code = body.get("code", outer.get("code", outer.get("error_code")))
    return (
        body,
        _quoted(message or outer),
        None if code is None else str(code),
        next((body[name] for name in ("type", "error_type") if isinstance(body.get(name), str)), None),
        body.get("param") if isinstance(body.get("param"), str) else None,
    )


def _status_within(error: JSON, body: dict[str, Any], code: str | None) -> int | None:
    """Find the HTTP status that an error inside a 200 reply carries, as its code or beside it."""
    outer = error if isinstance(error, dict) else {}
    for value in (
        body.get("status_code"),
        body.get("raw_status_code"),
        code,
        outer.get("status_code"),
        body.get("status"),
    ):
        text = str(value)
        if text.isdecimal() and 400 <= int(text) < 600:
            return int(text)
    return None


def _request_id_within(error: JSON) -> str | None:
    """Find the id of the request beside the error, as Anthropic has it."""
    named = error.get("request_id") if isinstance(error, dict) else None
    return named if isinstance(named, str) else None


def _quoted(words: Any) -> str:
    text = words if isinstance(words, str) else msgspec.json.encode(words).decode() if words else ""
    text = " ".join(text.split())
    return text if len(text) <= MAX_QUOTED_CHARACTERS else text[:MAX_QUOTED_CHARACTERS] + "..."


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the provider's id of the request, from lower-case headers."""
    return next((headers[name] for name in _REQUEST_ID_HEADERS if name in headers), None)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return how long the provider asks to wait, in seconds, from lower-case headers.

    A date in `Retry-After` is taken against the reply's own `Date`, so that no clock of ours comes in.
    """
    if "retry-after-ms" in headers:
        milliseconds = _number(headers["retry-after-ms"])
        if milliseconds is not None:
            return milliseconds / 1000
    value = headers.get("retry-after", "")
    seconds = _number(value)
    if seconds is not None or not value:
        return seconds
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None

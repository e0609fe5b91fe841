"""What a caller is told of an error: its own words where they are the provider's, ours where they would tell too much.

A provider's code, type, parameter, wait and request id are kept. What says where the operator's servers are, or what
their keys look like, is not: that is for the log.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import msgspec

from aiollm.exceptions import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    AuthenticationError,
    BadRequestError,
    BudgetExceededError,
    ConnectTimeout,
    ContentPolicyViolationError,
    ContextWindowExceededError,
    FirstTokenTimeout,
    IdleTimeout,
    PermissionDeniedError,
    StreamCancelled,
    StreamInterrupted,
    StreamTruncated,
    Timeout,
    TotalTimeout,
    UnsupportedParamsError,
)

__all__ = ["Failure", "failure_of"]


class Failure(msgspec.Struct, frozen=True):
    """An error as a caller sees it.

    Attributes:
        status: the HTTP status; in the middle of a stream, the one that it would have been.
        message: what happened.
        code: a word for it that programs can read: the provider's own where it gave one.
        type: the kind, in OpenAI's terms or the provider's.
        param: the parameter that is at fault.
        retryable: whether the same request may succeed later.
        retry_after: seconds to wait before that.
        request_id: the provider's id of the request.
    """

    status: int
    message: str
    code: str
    type: str
    param: str | None = None
    retryable: bool = False
    retry_after: float | None = None
    request_id: str | None = None

    def members(self) -> dict[str, Any]:
        """Return the error object in OpenAI's form."""
        told = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {**told, "retryable": self.retryable}

    def headers(self) -> dict[str, str]:
        """Return the headers that tell clients whether and when to try again.

        OpenAI's and Anthropic's own clients go by `x-should-retry`, by `retry-after-ms`, and by `retry-after` in whole
        seconds.
        """
        wait: dict[str, str] = {}
        if self.retry_after is not None:
            wait = {"retry-after": str(ceil(self.retry_after)), "retry-after-ms": str(ceil(1000 * self.retry_after))}
        return {**wait, "x-should-retry": "true" if self.retryable else "false"}


_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_CODES = {
    400: "invalid_request",
    401: "invalid_api_key",
    403: "permission_denied",
    404: "not_found",
    422: "unprocessable_entity",
    429: "rate_limit_exceeded",
    500: "upstream_error",
    502: "upstream_bad_gateway",
    503: "upstream_unavailable",
    529: "upstream_overloaded",
}

# The first class that fits decides: what a caller is told of it, as status, code and message.
_OURS: tuple[tuple[type[APIError], int, str, str], ...] = (
    (AuthenticationError, 502, "upstream_auth_failed", "the model's provider refused the server's own credentials"),
    (PermissionDeniedError, 502, "upstream_auth_failed", "the model's provider refused the server's own credentials"),
    (ConnectTimeout, 504, "upstream_timeout", "no connection to the model's provider in time"),
    (FirstTokenTimeout, 504, "upstream_timeout", "no content from the model's provider in time"),
    (IdleTimeout, 504, "upstream_timeout", "no further content from the model's provider in time"),
    (TotalTimeout, 504, "upstream_timeout", "the call took longer than it may"),
    (Timeout, 504, "upstream_timeout", "the model's provider took too long"),
    (APIConnectionError, 502, "upstream_unreachable", "the model's provider cannot be reached"),
    (StreamTruncated, 502, "upstream_truncated", "the answer ended without its own end: it is not whole"),
    (StreamInterrupted, 502, "upstream_interrupted", "the answer broke off: it is not whole"),
    (APIResponseValidationError, 502, "upstream_invalid_response", "the model's provider answered what is no answer"),
)
_NAMED: tuple[tuple[type[APIError], str], ...] = (
    (ContextWindowExceededError, "context_length_exceeded"),
    (ContentPolicyViolationError, "content_policy_violation"),
    (UnsupportedParamsError, "unsupported_parameter"),
)


def failure_of(error: BaseException, *, over_budget: int = 429) -> Failure:
    """Return what a caller is told of an error.

    Args:
        error: any error; one that is none of the library's is told as a fault of the server, without its words.
        over_budget: the status for a budget that is spent (LiteLLM says 422).
    """
    if isinstance(error, BudgetExceededError):
        return Failure(over_budget, str(error), "budget_exceeded", "budget_exceeded")
    if isinstance(error, StreamCancelled):
        return Failure(503, "the answer was stopped by the server", "stream_cancelled", "server_error", retryable=True)
    if not isinstance(error, APIError):
        return Failure(500, "the server failed", "internal_error", "server_error")
    for kind, status, code, message in _OURS:
        if isinstance(error, kind):
            return _ours(error, status, code, message)
    status = error.status_code or 500
    if 300 <= status < 400:
        return _ours(error, 502, "upstream_redirected", "the model's provider sent the server on to another address")
    named = next((name for kind, name in _NAMED if isinstance(error, kind)), None)
    own = error.code if isinstance(error.code, str) and not error.code.isdecimal() else None
    return Failure(
        status=status if 400 <= status < 600 else 500,
        message=error.message,
        code=own
        or named
        or _CODES.get(status)
        or ("invalid_request" if isinstance(error, BadRequestError) else "error"),
        type=error.type or _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error"),
        param=error.param,
        retryable=error.retryable,
        retry_after=error.retry_after,
        request_id=error.request_id,
    )


def _ours(error: APIError, status: int, code: str, message: str) -> Failure:
    """Return the failure of what must not be told in the error's own words: they name hosts, and parts of keys."""
    retryable = error.retryable or isinstance(error, StreamInterrupted)
    return Failure(status, message, code, "server_error", None, retryable, error.retry_after, error.request_id)

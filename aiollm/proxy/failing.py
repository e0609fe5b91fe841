"""Errors as responses, in the form of the route that they happened on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from aiollm.engine.attempt import Attempt
from aiollm.exceptions import APIError, BudgetExceededError, StreamCancelled
from aiollm.integrations import web
from aiollm.proxy.inbound.failure import Failure, Refusal, failure_of
from aiollm.proxy.response_headers import REQUEST_ID, safe_value

__all__ = ["failed", "failure_response"]

_EXPECTED = (APIError, BudgetExceededError, Refusal, StreamCancelled)

_logger = logging.getLogger("aiollm.proxy")


def failed(error: Exception, request_id: str, *, over_budget: int = 429) -> Failure:
    """Return what a caller is told of an error. The log has what the caller must not be told: it never has a prompt."""
    if isinstance(error, web.HTTPException):
        return _http_failure(error)
    if isinstance(error, _EXPECTED):
        failure = failure_of(error, over_budget=over_budget)
        if failure.status >= 500:
            _logger.warning("request %s: %s: %s", request_id, type(error).__name__, error)
        _forget_frames(error)
        return failure
    if isinstance(error, asyncio.TimeoutError):
        return Failure(504, "the gateway took too long", "gateway_timeout", "server_error", retryable=True)
    _logger.error("request %s failed in the gateway", request_id, exc_info=error)
    return failure_of(error)


def failure_response(failure: Failure, render: Callable[[Failure], bytes], request_id: str) -> web.Response:
    """Return the response for a failure.

    Args:
        failure: what the caller is told.
        render: makes the body.
        request_id: the request's own id.
    """
    headers = {REQUEST_ID: request_id, **failure.headers()}
    if failure.request_id and (upstream := safe_value(failure.request_id)):
        headers["x-upstream-request-id"] = upstream
    return web.Response(
        body=render(failure), status=failure.status, headers=headers, content_type="application/json", charset="utf-8"
    )


def _forget_frames(error: Exception) -> None:
    """Let go of the frames that an error came through: they hold the call, whose attempts hold the error again."""
    attempts: Iterable[Attempt] = getattr(error, "attempts", ())
    for each in (error, *(attempt.error for attempt in attempts)):
        if each is not None:
            each.__traceback__ = None


def _http_failure(error: web.HTTPException) -> Failure:
    """Return the failure of what aiohttp's own machinery refuses."""
    if isinstance(error, web.HTTPNotFound):
        message = "there is no such route here; GET /v1/models lists the models"
        return Failure(404, message, "unknown_route", "invalid_request_error")
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return Failure(405, f"this route takes {allowed}", "method_not_allowed", "invalid_request_error")
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Failure(413, "the body is too large", "request_too_large", "invalid_request_error")
    return Failure(error.status, error.reason, "invalid_request", "invalid_request_error")

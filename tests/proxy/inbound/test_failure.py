"""What a caller is told of an error."""

from __future__ import annotations

import json

import pytest

from aiollm import exceptions as e
from aiollm.proxy.inbound.chat import chat_error
from aiollm.proxy.inbound.failure import Failure, Refusal, failure_of
from aiollm.proxy.inbound.messages import message_error

HOST = "10.1.2.3:8000"
TOLD = [
    (e.BadRequestError("model is wrong", param="model"), 400, "invalid_request", "invalid_request_error", False),
    (e.ContextWindowExceededError("too long"), 400, "context_length_exceeded", "invalid_request_error", False),
    (e.ContentPolicyViolationError("no"), 400, "content_policy_violation", "invalid_request_error", False),
    (e.UnsupportedParamsError("x does not take seed"), 400, "unsupported_parameter", "invalid_request_error", False),
    (e.NotFoundError("no such model"), 404, "not_found", "not_found_error", False),
    (e.UnprocessableEntityError("no"), 422, "unprocessable_entity", "invalid_request_error", False),
    (e.RateLimitError("slow down"), 429, "rate_limit_exceeded", "rate_limit_error", True),
    (e.InternalServerError("failed"), 500, "upstream_error", "server_error", True),
    (e.ServiceUnavailableError("later"), 503, "upstream_unavailable", "server_error", True),
    (e.OverloadedError("busy"), 529, "upstream_overloaded", "overloaded_error", True),
    (e.AuthenticationError(f"key sk-abc of {HOST}"), 502, "upstream_auth_failed", "server_error", False),
    (e.PermissionDeniedError(f"key sk-abc of {HOST}"), 502, "upstream_auth_failed", "server_error", False),
    (e.ConnectError(f"refused by {HOST}"), 502, "upstream_unreachable", "server_error", True),
    (e.DNSError(f"no address of {HOST}"), 502, "upstream_unreachable", "server_error", True),
    (e.ConnectTimeout(f"no connection to {HOST}"), 504, "upstream_timeout", "server_error", True),
    (e.FirstTokenTimeout(f"no content from {HOST}"), 504, "upstream_timeout", "server_error", True),
    (e.IdleTimeout(f"no content from {HOST}"), 504, "upstream_timeout", "server_error", True),
    (e.TotalTimeout(f"call to {HOST}"), 504, "upstream_timeout", "server_error", True),
    (e.StreamTruncated(f"cut by {HOST}"), 502, "upstream_truncated", "server_error", True),
    (e.StreamInterrupted(f"reset by {HOST}"), 502, "upstream_interrupted", "server_error", True),
    (e.UnexpectedContentType(f"page of {HOST}"), 502, "upstream_invalid_response", "server_error", False),
    (e.BadRequestError(f"to {HOST}", status_code=307), 502, "upstream_redirected", "server_error", False),
    (e.BudgetExceededError("10 of 10 dollars are spent"), 429, "budget_exceeded", "budget_exceeded", False),
    (e.StreamCancelled(HOST), 503, "stream_cancelled", "server_error", True),
    (ValueError(HOST), 500, "internal_error", "server_error", False),
]


@pytest.mark.parametrize(("error", "status", "code", "kind", "retryable"), TOLD, ids=lambda value: type(value).__name__)
def test_an_error_has_its_status_and_a_code_and_names_no_server(
    error: Exception, status: int, code: str, kind: str, retryable: bool
) -> None:
    failure = failure_of(error)
    assert (failure.status, failure.code, failure.type, failure.retryable) == (status, code, kind, retryable)
    assert failure.message
    assert HOST not in failure.message
    assert "sk-abc" not in failure.message


def test_what_the_provider_says_is_kept() -> None:
    error = e.RateLimitError(
        "acme answered 429: quota",
        code="insufficient_quota",
        type="quota",
        param="model",
        retry_after=7.5,
        request_id="r1",
    )
    error.retryable = False
    wanted = Failure(429, error.message, "insufficient_quota", "quota", "model", False, 7.5, "r1")
    assert failure_of(error) == wanted


def test_a_code_that_is_only_the_status_again_is_none() -> None:
    assert failure_of(e.RateLimitError("no", code="429")).code == "rate_limit_exceeded"
    assert failure_of(e.BadRequestError("no", status_code=418)).code == "invalid_request"


def test_a_status_that_is_none_becomes_one() -> None:
    assert failure_of(e.APIError("odd", status_code=200)).status == 500
    assert failure_of(e.BudgetExceededError("spent"), over_budget=422).status == 422


def test_clients_are_told_whether_and_when_to_try_again() -> None:
    assert failure_of(e.RateLimitError("no", retry_after=1.2)).headers() == {
        "retry-after": "2",
        "retry-after-ms": "1200",
        "x-should-retry": "true",
    }
    assert failure_of(e.BadRequestError("no")).headers() == {"x-should-retry": "false"}


def test_a_refusal_of_the_gateway_is_told_as_it_is() -> None:
    failure = Failure(403, "no", "admin_only", "permission_error")
    assert failure_of(Refusal(failure)) is failure


def test_an_error_is_written_as_openai_writes_it() -> None:
    failure = failure_of(e.NotFoundError("no such model", code="model_not_found", param="model"))
    assert json.loads(chat_error(failure)) == {
        "error": {
            "message": "no such model",
            "type": "not_found_error",
            "param": "model",
            "code": "model_not_found",
            "retryable": False,
        }
    }


def test_an_error_is_written_as_anthropic_writes_it() -> None:
    failure = failure_of(e.OverloadedError("busy", request_id="req_1"))
    assert json.loads(message_error(failure)) == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "busy", "code": "upstream_overloaded", "retryable": True},
        "request_id": "req_1",
    }

"""Google's errors as exceptions."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.google_error import google_error, is_google_error


def error(inner: Any, **more: Any) -> e.APIError:
    return google_error({"error": inner}, **{"provider": "gemini", "model": "m", **more})


RATE = {
    "code": 429,
    "message": "Slow down.",
    "status": "RESOURCE_EXHAUSTED",
    "details": [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED"},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12.5s"},
    ],
}


def test_the_details_say_how_long_to_wait() -> None:
    found = error(RATE, status=429, headers={})
    assert type(found) is e.RateLimitError
    assert (found.status_code, found.code, found.type, found.retry_after) == (429, "429", "RESOURCE_EXHAUSTED", 12.5)
    assert str(found) == "gemini answered 429: Slow down."


def test_a_header_comes_before_the_details() -> None:
    assert error(RATE, status=429, headers={"retry-after": "3"}).retry_after == 3


def test_an_error_inside_a_stream_has_its_own_status() -> None:
    found = google_error([{"error": {**RATE, "code": 503, "details": None}}], provider="gemini", model="m")
    assert type(found) is e.ServiceUnavailableError
    assert found.status_code == 503


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ({"code": 400, "message": "bad", "status": "INVALID_ARGUMENT"}, e.BadRequestError),
        ({"code": 400, "message": "no", "details": [{"reason": "API_KEY_INVALID"}]}, e.AuthenticationError),
        (
            {"code": 400, "message": "The input token count (9) exceeds the maximum number of tokens allowed (8)."},
            e.ContextWindowExceededError,
        ),
        ({"code": 401}, e.AuthenticationError),
        ({"code": 403}, e.PermissionDeniedError),
        ({"code": 404}, e.NotFoundError),
        ({"code": 499}, e.BadRequestError),
        ({"code": 500}, e.InternalServerError),
        ({"code": 504}, e.Timeout),
    ],
)
def test_an_error_has_its_class(inner: dict[str, Any], expected: type) -> None:
    assert type(error(inner)) is expected
    assert type(error(inner, status=inner["code"])) is expected


@pytest.mark.parametrize("details", [7, [7], [{"reason": 7, "retryDelay": 7}], [{"retryDelay": "soon"}]])
def test_odd_details_are_passed_over(details: Any) -> None:
    assert error({"code": 400, "message": "bad", "details": details}).retry_after is None


def test_what_is_no_error_object_is_quoted() -> None:
    found = google_error("<html>", status=502, provider="gemini", model="m")
    assert (type(found), str(found)) == (e.BadGatewayError, "gemini answered 502: <html>")


@pytest.mark.parametrize(
    ("payload", "is_one"),
    [
        ({"error": {"code": 1}}, True),
        ([{"error": {"code": 1}}], True),
        ({"candidates": []}, False),
        ([], False),
        (7, False),
    ],
)
def test_an_error_is_told_from_an_answer(payload: Any, is_one: bool) -> None:
    assert is_google_error(payload) == is_one

"""AWS's failures of a whole request."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aiollm import exceptions as e
from aiollm.dialects.converse_error import aws_error
from aiollm.wire.http import ReplyHead


def error(status: int, name: str = "", body: Any = None, **headers: str) -> e.APIError:
    fields = {"x-amzn-errortype": f"{name}:http://internal.amazon.com/coral/"} if name else {}
    data = body if isinstance(body, bytes) else msgspec.json.encode(body or {"message": "words"})
    return aws_error(ReplyHead(status, {**fields, **headers}), data, provider="bedrock", model="m")


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "ValidationException", e.BadRequestError),
        (400, "ServiceQuotaExceededException", e.BadRequestError),
        (403, "AccessDeniedException", e.PermissionDeniedError),
        (403, "ExpiredTokenException", e.PermissionDeniedError),
        (404, "ResourceNotFoundException", e.NotFoundError),
        (408, "ModelTimeoutException", e.Timeout),
        (424, "ModelErrorException", e.InternalServerError),
        (429, "ThrottlingException", e.RateLimitError),
        (429, "ModelNotReadyException", e.RateLimitError),
        (500, "InternalServerException", e.InternalServerError),
        (503, "ServiceUnavailableException", e.ServiceUnavailableError),
    ],
)
def test_an_exception_has_its_class_and_keeps_its_name(status: int, name: str, kind: type) -> None:
    found = error(status, name)
    assert type(found) is kind
    assert (found.status_code, found.code, found.llm_provider, found.model) == (status, name, "bedrock", "m")
    assert found.message == f"bedrock answered {status}: words"


def test_a_failing_model_is_worth_another_try() -> None:
    assert error(424, "ModelErrorException").retryable
    assert not error(400, "ValidationException").retryable


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "Input is too long for requested model.", e.ContextWindowExceededError),
        (403, "The security token included in the request is invalid", e.AuthenticationError),
        (403, "The security token included in the request is expired", e.PermissionDeniedError),
    ],
)
def test_some_words_say_more_than_the_status(status: int, words: str, kind: type) -> None:
    found = error(status, body={"message": words})
    assert type(found) is kind
    assert found.status_code == status


def test_the_name_may_be_in_the_body_and_the_message_in_capitals() -> None:
    body = {"__type": "com.amazon.coral.service#UnrecognizedClientException", "Message": "who are you"}
    found = error(403, body=body)
    assert found.code == "UnrecognizedClientException"
    assert "who are you" in str(found)


def test_the_id_of_the_request_is_kept() -> None:
    assert error(400, **{"x-amzn-requestid": "r-1"}).request_id == "r-1"


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b"[1]", b'"text"'])
def test_a_body_of_another_kind_is_quoted(body: bytes) -> None:
    found = error(503, body=body)
    assert type(found) is e.ServiceUnavailableError
    assert str(found).startswith("bedrock answered 503")

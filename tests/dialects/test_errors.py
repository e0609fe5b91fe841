"""From a provider's error to an exception."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.errors import error_class, error_from_object, request_id, retry_after_seconds
from aiollm.dialects.openai import OpenAI
from aiollm.wire.http import ReplyHead
from tests.dialects.reading import MODEL, endpoint, request


def made(error: Any, status: int | None = None, **more: Any) -> e.APIError:
    return error_from_object(error, status=status, provider="acme", model="m", **more)


def replied(status: int, body: bytes, headers: dict[str, str] | None = None) -> e.APIError:
    return OpenAI().error(ReplyHead(status, headers or {}), body, request(), endpoint())


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, e.BadRequestError, False),
        (401, e.AuthenticationError, False),
        (402, e.BadRequestError, False),
        (403, e.PermissionDeniedError, False),
        (404, e.NotFoundError, False),
        (408, e.Timeout, True),
        (409, e.BadRequestError, True),
        (413, e.BadRequestError, False),
        (418, e.BadRequestError, False),
        (422, e.UnprocessableEntityError, False),
        (425, e.BadRequestError, True),
        (429, e.RateLimitError, True),
        (500, e.InternalServerError, True),
        (502, e.BadGatewayError, True),
        (503, e.ServiceUnavailableError, True),
        (504, e.Timeout, True),
        (520, e.InternalServerError, True),
        (529, e.OverloadedError, True),
    ],
)
def test_a_status_has_its_class_and_is_kept(status: int, kind: type, retryable: bool) -> None:
    error = made({"error": {"message": "no"}}, status)
    assert (type(error), error.status_code, error.retryable) == (kind, status, retryable)
    assert error.message == f"acme answered {status}: no"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("context_length_exceeded", 400, e.ContextWindowExceededError),
        ("content_filter", 400, e.ContentPolicyViolationError),
        ("content_policy_violation", 400, e.ContentPolicyViolationError),
        ("ResponsibleAIPolicyViolation", 400, e.ContentPolicyViolationError),
        ("invalid_api_key", 401, e.AuthenticationError),
        ("model_not_found", 404, e.NotFoundError),
        ("model_not_found", 400, e.NotFoundError),
        ("rate_limit_exceeded", 413, e.RateLimitError),
        ("insufficient_quota", 429, e.RateLimitError),
        ("server_error", 503, e.ServiceUnavailableError),
        ("server_error", None, e.InternalServerError),
        ("unheard_of", 400, e.BadRequestError),
    ],
)
def test_the_providers_code_or_type_decides_first(code: str, status: int | None, kind: type) -> None:
    assert type(made({"error": {"message": "x", "code": code}}, status)) is kind
    assert type(made({"error": {"message": "x", "type": code, "code": None}}, status)) is kind


@pytest.mark.parametrize("member", ["code", "type"])
def test_a_quota_that_is_used_up_is_not_worth_another_try(member: str) -> None:
    error = made({"error": {"message": "x", member: "insufficient_quota"}}, 429)
    assert (type(error), error.retryable) == (e.RateLimitError, False)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("This model's maximum context length is 4096 tokens", e.ContextWindowExceededError),
        ("the request exceeds the available context size", e.ContextWindowExceededError),
        ("prompt + max_tokens exceed context limit: 1 + 2 > 2", e.ContextWindowExceededError),
        (
            "This model's maximum prompt length is 131072 but the request contains 625077 tokens.",
            e.ContextWindowExceededError,
        ),
        ("Input tokens exceed the configured limit of 5", e.ContextWindowExceededError),
        ("The prompt is longer than the model's context length", e.ContextWindowExceededError),
        (
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy",
            e.ContentPolicyViolationError,
        ),
        ("Your request was rejected as a result of our safety system", e.ContentPolicyViolationError),
        ("Your task failed as a result of our safety system", e.ContentPolicyViolationError),
        ("the model produced invalid content", e.ContentPolicyViolationError),
        ("Invalid prompt: violating our usage policy", e.ContentPolicyViolationError),
        ("temperature is too hot", e.BadRequestError),
    ],
)
def test_phrases_that_mean_one_thing_decide_before_the_status(words: str, kind: type) -> None:
    assert type(made({"error": {"message": words}}, 400)) is kind
    assert type(made(words, 400)) is kind


def test_a_phrase_says_nothing_when_the_status_says_more() -> None:
    assert error_class(429, text="maximum context length") is e.RateLimitError
    assert error_class(401, text="maximum context length") is e.AuthenticationError


@pytest.mark.parametrize(
    ("body", "message", "code", "type_", "param"),
    [
        (b'{"error":{"message":"m","type":"t","param":"p","code":"c"}}', "m", "c", "t", "p"),
        (b'{"error":{"code":"404","message":"m"}}', "m", "404", None, None),
        (b'{"error":{"code":502,"message":"m","metadata":{"raw":"x"}},"user_id":"u"}', "m", "502", None, None),
        (
            b'{"code":"Client specified an invalid argument","error":"m"}',
            "m",
            "Client specified an invalid argument",
            None,
            None,
        ),
        (
            b'{"object":"error","message":"m","type":"invalid_model","param":null,"code":"1500","raw_status_code":400}',
            "m",
            "1500",
            "invalid_model",
            None,
        ),
        (b'{"message":"m","request_id":"r"}', "m", None, None, None),
        (b'{"detail":"m"}', "m", None, None, None),
        (b'{"title":"m","status":401}', "m", None, None, None),
        (b'{"error":{"code":400,"message":"m","type":"t","n_ctx":5}}', "m", "400", "t", None),
        (
            b'{"result":null,"success":false,"errors":[{"code":7003,"message":"m"}],"messages":[]}',
            "m",
            "7003",
            None,
            None,
        ),
        (b'[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]', "m", "400", None, None),
        (b'{"error":"m"}', "m", None, None, None),
        (b'"m"', "m", None, None, None),
        (b"m", "m", None, None, None),
        (b"  m\n\n m2\t", "m m2", None, None, None),
        (b'{"detail":[{"loc":["body"],"msg":"m"}]}', '[{"loc":["body"],"msg":"m"}]', None, None, None),
        (b'{"object":"error","message":{"detail":"m"},"type":"t"}', '{"detail":"m"}', None, "t", None),
        (b'{"odd":1}', '{"odd":1}', None, None, None),
    ],
)
def test_the_shapes_of_errors(
    body: bytes, message: str, code: str | None, type_: str | None, param: str | None
) -> None:
    error = replied(418, body)
    assert error.message == f"acme answered 418: {message}"
    assert (error.code, error.type, error.param) == (code, type_, param)
    assert (error.model, error.llm_provider) == (MODEL, "acme")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\n"])
def test_an_error_without_words(body: bytes) -> None:
    assert str(replied(500, body)) == "acme answered 500 without a message"


def test_a_long_page_is_cut() -> None:
    error = replied(502, b"<html>" + b"x" * 10_000)
    assert len(str(error)) < 600
    assert str(error).endswith("...")


def test_bytes_that_are_no_text_do_not_hide_the_status() -> None:
    assert type(replied(503, b"\xff\xfe broken")) is e.ServiceUnavailableError


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        ({"error_type": "TOO_MANY_TOKENS", "message": "m"}, None, "TOO_MANY_TOKENS"),
        ({"error": "m", "error_type": "overloaded"}, None, "overloaded"),
        ({"error_code": "BAD_REQUEST", "message": "m"}, "BAD_REQUEST", None),
        ({"errors": [{"code": "model_not_supported", "message": "m"}]}, "model_not_supported", None),
    ],
    ids=["cohere", "tgi", "databricks", "watsonx"],
)
def test_the_words_of_vendors(error: Any, code: str | None, kind: str | None) -> None:
    made_of_it = made(error, 400)
    assert (made_of_it.code, made_of_it.type) == (code, kind)
    assert made_of_it.message == "acme answered 400: m"


def test_too_many_tokens_is_the_context_window() -> None:
    assert type(made({"error_type": "TOO_MANY_TOKENS", "message": "m"}, 400)) is e.ContextWindowExceededError


def test_the_whole_error_is_kept() -> None:
    assert replied(400, b'{"error":{"message":"m","extra":1}}').body == {"error": {"message": "m", "extra": 1}}
    assert replied(400, b"text").body is None


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        ({"error": {"code": 502, "message": "x"}}, 502, e.BadGatewayError),
        ({"error": {"code": "429", "message": "x"}}, 429, e.RateLimitError),
        ({"error": {"message": "x", "status_code": 400}}, 400, e.BadRequestError),
        ({"error": {"message": "x"}, "status_code": 401}, 401, e.AuthenticationError),
        ({"error": {"message": "x", "type": "overloaded_error"}}, 529, e.OverloadedError),
        ({"error": {"message": "x", "code": 7}}, 500, e.InternalServerError),
        ({"error": "x"}, 500, e.InternalServerError),
        ("x", 500, e.InternalServerError),
    ],
)
def test_an_error_in_a_200_reply_says_its_status_itself(error: Any, status: int, kind: type) -> None:
    for given in (None, 200):
        found = made(error, given)
        assert (type(found), found.status_code) == (kind, status)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:29:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 -0000", "date": "Wed, 21 Oct 2026 07:29:00 GMT"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "later"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_how_long_the_provider_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds
    assert replied(429, b"{}", headers).retry_after == seconds


@pytest.mark.parametrize("name", ["x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "cf-ray"])
def test_the_request_id_is_kept(name: str) -> None:
    assert request_id({name: "r"}) == "r"
    assert replied(500, b"", {name: "r"}).request_id == "r"
    assert request_id({}) is None

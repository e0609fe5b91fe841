from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
from typing import Any

import openai
import pytest

import aiollm
from aiollm.compat.litellm import exceptions as litellm_exceptions
from aiollm.compat.litellm.exceptions import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    BadRequestError,
    ContextWindowExceededError,
    ErrorReply,
    MidStreamFallbackError,
    RateLimitError,
    ServiceUnavailableError,
    Timeout,
    as_litellm,
)

OWN = [
    cls
    for cls in map(aiollm.exceptions.__dict__.get, aiollm.exceptions.__all__)
    if cls and issubclass(cls, aiollm.APIError)
]


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.__name__)
def test_every_error_is_caught_by_the_names_of_all_three(kind: type[aiollm.APIError]) -> None:
    error = as_litellm(kind("it failed", model="m"))
    assert isinstance(error, kind)
    assert isinstance(error, APIError)
    assert isinstance(error, openai.APIError)
    assert (str(error), error.model, type(error).__name__) == ("it failed", "m", kind.__name__)


@pytest.mark.parametrize(
    ("own", "twin", "in_openai"),
    [
        (aiollm.RateLimitError, RateLimitError, openai.RateLimitError),
        (aiollm.ConnectTimeout, Timeout, openai.APITimeoutError),
        (aiollm.DNSError, APIConnectionError, openai.APIConnectionError),
        (aiollm.ContextWindowExceededError, BadRequestError, openai.BadRequestError),
        (aiollm.OverloadedError, ServiceUnavailableError, openai.APIStatusError),
        (aiollm.StreamTruncated, MidStreamFallbackError, openai.APIStatusError),
        (aiollm.AuthenticationError, AuthenticationError, openai.AuthenticationError),
    ],
)
def test_an_error_is_the_nearest_of_each_library(own: Any, twin: Any, in_openai: Any) -> None:
    error = as_litellm(own("it failed"))
    assert isinstance(error, twin)
    assert isinstance(error, in_openai)


def test_an_error_stays_the_same_object_and_is_changed_once() -> None:
    error = aiollm.RateLimitError("slow down")
    assert as_litellm(error) is error
    kind = type(error)
    assert type(as_litellm(error)) is kind


def test_an_error_survives_pickling() -> None:
    error = as_litellm(aiollm.FirstTokenTimeout("late", model="m", host="h"))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (again.message, again.model, again.host, again.status_code) == ("late", "m", "h", 408)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda: RateLimitError("m", "groq", "x"), ("m", "groq", "x", 429)),
        (lambda: BadRequestError("m", "x", "groq"), ("m", "groq", "x", 400)),
        (lambda: ContextWindowExceededError("m", "x", "groq"), ("m", "groq", "x", 400)),
        (lambda: Timeout("m", "x", "groq", exception_status_code=504), ("m", "groq", "x", 504)),
        (lambda: APIError(418, "m", "groq", "x", num_retries=2), ("m", "groq", "x", 418)),
        (lambda: AuthenticationError(message="m", llm_provider="groq", model="x"), ("m", "groq", "x", 401)),
    ],
)
def test_an_error_is_made_as_litellms_are(made: Any, expected: Any) -> None:
    error = made()
    assert (error.message, error.llm_provider, error.model, error.status_code) == expected
    assert error.num_retries == 0
    assert error.litellm_debug_info is None


def test_the_reply_is_told_by_its_status_and_headers() -> None:
    error: Any = as_litellm(aiollm.RateLimitError("m", headers={"retry-after": "3"}))
    assert error.response == ErrorReply(429, {"retry-after": "3"})
    given = object()
    assert RateLimitError("m", "groq", "x", response=given).response is given


def test_without_openai_the_errors_are_there_too() -> None:
    program = """
        import sys
        import aiollm, aiollm.compat.litellm as litellm
        try:
            litellm.completion("gpt-4o", [{"role": "user", "content": "hi"}], mock_response="litellm.RateLimitError")
        except litellm.RateLimitError as error:
            assert isinstance(error, aiollm.RateLimitError)
        else:
            raise SystemExit("no error")
        assert "openai" not in sys.modules and "pydantic" not in sys.modules
    """
    subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(program)], check=True, timeout=60)


def test_the_list_of_errors_is_whole() -> None:
    kinds = {name for name, value in vars(litellm_exceptions).items() if isinstance(value, type) and name[0] != "_"}
    assert {name for name in kinds if name.endswith("Error")} <= {*litellm_exceptions.__all__}


def test_what_a_provider_tells_of_its_own_is_there() -> None:
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}
    error: Any = as_litellm(aiollm.ContentPolicyViolationError("m", body={"error": {"innererror": inner}}))
    assert error.provider_specific_fields == {"innererror": inner}
    other: Any = as_litellm(aiollm.RateLimitError("m"))
    assert (other.provider_specific_fields, other.max_retries) == (None, None)
    made: Any = RateLimitError("m", "groq", "x", provider_specific_fields={"a": 1}, max_retries=2)
    assert (made.provider_specific_fields, made.max_retries) == ({"a": 1}, 2)

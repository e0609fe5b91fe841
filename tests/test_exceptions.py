"""One tree of errors."""

from __future__ import annotations

import copy
import pickle

import pytest

from aiollm import exceptions as e
from aiollm.types.response import ModelResponse

ATTRIBUTES = (
    "message",
    "model",
    "llm_provider",
    "status_code",
    "code",
    "type",
    "param",
    "body",
    "request_id",
    "headers",
    "retry_after",
    "retryable",
    "host",
    "phase",
    "attempt",
    "elapsed",
    "partial",
    "usage",
    "hint",
)
BESIDE = (e.BudgetExceededError, e.StreamCancelled, e.WrongLoopError, e.UnsupportedRuntime)
TREE = [kind for kind in (getattr(e, name) for name in e.__all__) if issubclass(kind, e.APIError)]
each = pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)


@pytest.mark.parametrize(
    ("kind", "parent", "status"),
    [
        (e.BadRequestError, e.APIError, 400),
        (e.ContextWindowExceededError, e.BadRequestError, 400),
        (e.ContentPolicyViolationError, e.BadRequestError, 400),
        (e.UnsupportedParamsError, e.BadRequestError, 400),
        (e.UnprocessableEntityError, e.BadRequestError, 422),
        (e.AuthenticationError, e.APIError, 401),
        (e.PermissionDeniedError, e.APIError, 403),
        (e.NotFoundError, e.APIError, 404),
        (e.RateLimitError, e.APIError, 429),
        (e.InternalServerError, e.APIError, 500),
        (e.BadGatewayError, e.APIError, 502),
        (e.ServiceUnavailableError, e.APIError, 503),
        (e.OverloadedError, e.ServiceUnavailableError, 529),
        (e.APIConnectionError, e.APIError, 500),
        (e.DNSError, e.APIConnectionError, 500),
        (e.ConnectError, e.APIConnectionError, 500),
        (e.TLSError, e.APIConnectionError, 500),
        (e.ProxyError, e.APIConnectionError, 500),
        (e.Timeout, e.APIConnectionError, 408),
        (e.ConnectTimeout, e.Timeout, 408),
        (e.FirstTokenTimeout, e.Timeout, 408),
        (e.IdleTimeout, e.Timeout, 408),
        (e.TotalTimeout, e.Timeout, 408),
        (e.APIResponseValidationError, e.APIError, 500),
        (e.UnexpectedContentType, e.APIResponseValidationError, 500),
        (e.InvalidChunk, e.APIResponseValidationError, 500),
        (e.EventTooLarge, e.APIResponseValidationError, 500),
        (e.ToolCallIncomplete, e.APIResponseValidationError, 500),
        (e.StreamInterrupted, e.APIError, 503),
        (e.StreamTruncated, e.StreamInterrupted, 503),
    ],
)
def test_the_tree(kind: type[e.APIError], parent: type, status: int) -> None:
    assert kind.__bases__ == (parent,)
    assert kind("x").status_code == status


def test_every_error_of_a_call_is_in_the_tree() -> None:
    assert {getattr(e, name) for name in e.__all__} == {*TREE, *BESIDE}
    assert e.MidStreamFallbackError is e.StreamInterrupted


@pytest.mark.parametrize("kind", BESIDE)
def test_what_stands_beside_the_tree_is_no_api_error(kind: type[Exception]) -> None:
    assert not issubclass(kind, e.APIError)
    assert str(pickle.loads(pickle.dumps(kind("x")))) == "x"


@each
def test_what_is_not_known_is_none(kind: type[e.APIError]) -> None:
    error = kind("what")
    known = {"message": "what", "status_code": kind.default_status, "retryable": kind.default_retryable}
    assert {name: getattr(error, name) for name in ATTRIBUTES} == {**dict.fromkeys(ATTRIBUTES), **known}
    assert str(error) == "what"
    assert kind.__doc__


@each
@pytest.mark.parametrize("twin", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
def test_an_error_survives_pickling_and_copying(kind: type[e.APIError], twin: object) -> None:
    values = {name: f"{name}!" for name in ATTRIBUTES} | {
        "partial": ModelResponse(id="r"),
        "body": {"a": [1]},
        "retryable": False,
    }
    error = kind(**values)
    error.add_note("seen")
    again = twin(error)  # type: ignore[operator]
    assert type(again) is kind
    assert {name: getattr(again, name) for name in ATTRIBUTES} == values
    assert (str(again), again.args, again.__notes__) == (str(error), error.args, ["seen"])


def test_a_hint_is_part_of_the_text() -> None:
    assert str(e.NotFoundError("no such model", hint="see `aiollm models`")) == "no such model (see `aiollm models`)"


def test_context_fills_only_what_is_not_known() -> None:
    error = e.RateLimitError("slow", model="m", retryable=False)
    assert error.with_context(model="other", host="h", retryable=True, elapsed=0.0) is error
    assert (error.model, error.host, error.retryable, error.elapsed) == ("m", "h", False, 0.0)


def test_what_may_be_tried_again() -> None:
    retryable = {kind.__name__ for kind in TREE if kind("x").retryable}
    assert retryable == {
        "RateLimitError",
        "InternalServerError",
        "BadGatewayError",
        "ServiceUnavailableError",
        "OverloadedError",
        "APIConnectionError",
        "DNSError",
        "ConnectError",
        "ProxyError",
        "Timeout",
        "ConnectTimeout",
        "FirstTokenTimeout",
        "IdleTimeout",
        "TotalTimeout",
    }


@each
def test_the_attempts_of_an_error_can_always_be_counted(kind: type[e.APIError]) -> None:
    error = kind("nothing was sent")
    assert error.attempts == ()
    assert error.with_context(attempts=(1, 2)).with_context(attempts=(3,)).attempts == (1, 2)

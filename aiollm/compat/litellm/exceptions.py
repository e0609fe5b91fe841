"""LiteLLM's errors: aiollm's, with LiteLLM's constructors and, where `openai` is loaded, its classes among their bases.

What a call of this package raises is caught by `except litellm.RateLimitError`, by `except aiollm.RateLimitError` and
by `except openai.RateLimitError`. All are `litellm.APIError`s too, which LiteLLM's are not. `str(error)` is the message
without LiteLLM's prefixes.

The classes, their parents and the order of their arguments are those of litellm 1.106.2.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

from attrs import frozen

from aiollm import exceptions as own
from aiollm.exceptions import BudgetExceededError
from aiollm.types.shape import is_mapping

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "AuthenticationError",
    "BadGatewayError",
    "BadRequestError",
    "BudgetExceededError",
    "ContentPolicyViolationError",
    "ContextWindowExceededError",
    "ErrorReply",
    "InternalServerError",
    "InvalidRequestError",
    "MidStreamFallbackError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServiceUnavailableError",
    "Timeout",
    "UnprocessableEntityError",
    "UnsupportedParamsError",
    "as_litellm",
    "litellm_errors",
]


@frozen
class ErrorReply:
    """What `error.response` tells of the reply: its status and its headers, names in lower case."""

    status_code: int | None
    headers: Mapping[str, str]


class APIError(own.APIError):
    """What LiteLLM's errors share here."""

    _positions: ClassVar[tuple[str, ...]] = ("status_code", "message", "llm_provider", "model")
    _in_openai: ClassVar[tuple[str, ...]] = ("APIError",)
    litellm_debug_info: Any = None
    max_retries: int | None = None

    def __init__(self, *values: Any, **facts: Any) -> None:
        facts |= dict(zip(self._positions, values, strict=False))
        self._reply = facts.pop("response", None)
        self.litellm_debug_info = facts.pop("litellm_debug_info", None)
        status = facts.pop("exception_status_code", None)
        self.max_retries = facts.pop("max_retries", None)
        self._provider_specific_fields = facts.pop("provider_specific_fields", None)
        for name in ("request", "num_retries"):
            facts.pop(name, None)
        super().__init__(**{"status_code": status, **facts})

    @property
    def response(self) -> Any:
        """The reply: that which the error was made with, or its status and headers."""
        made_with = self.__dict__.get("_reply")
        return ErrorReply(self.status_code, self.headers or {}) if made_with is None else made_with

    @property
    def provider_specific_fields(self) -> Any:
        """What it was made with; else `{"innererror": ...}`, where Azure tells what its filter found; else None."""
        made_with = self.__dict__.get("_provider_specific_fields")
        error = self.body.get("error", self.body) if is_mapping(self.body) else None
        inner = error.get("innererror") if is_mapping(error) else None
        return {"innererror": inner} if made_with is None and inner else made_with

    @property
    def num_retries(self) -> int:
        """How often the request was sent again."""
        return max(0, len(self.attempts) - 1)

    def __reduce__(self) -> tuple[Any, ...]:
        # The class of an error that was raised may be one that was made for it, and has no name to be found by.
        return _rebuilt, (type(self).__dict__.get("_made_for", type(self)), self.__dict__.copy())


class BadRequestError(own.BadRequestError, APIError):
    """As `aiollm.BadRequestError`."""

    _positions: ClassVar[tuple[str, ...]] = ("message", "model", "llm_provider")
    _in_openai: ClassVar[tuple[str, ...]] = ("BadRequestError",)


InvalidRequestError = BadRequestError


class ContextWindowExceededError(own.ContextWindowExceededError, BadRequestError):
    """As `aiollm.ContextWindowExceededError`."""


class ContentPolicyViolationError(own.ContentPolicyViolationError, BadRequestError):
    """As `aiollm.ContentPolicyViolationError`."""


class UnsupportedParamsError(own.UnsupportedParamsError, BadRequestError):
    """As `aiollm.UnsupportedParamsError`."""

    _positions = ("message", "llm_provider", "model", "status_code")


class UnprocessableEntityError(own.UnprocessableEntityError, BadRequestError):
    """As `aiollm.UnprocessableEntityError`."""

    _in_openai = ("UnprocessableEntityError", "BadRequestError")


class AuthenticationError(own.AuthenticationError, APIError):
    """As `aiollm.AuthenticationError`."""

    _positions = ("message", "llm_provider", "model")
    _in_openai = ("AuthenticationError",)


class PermissionDeniedError(own.PermissionDeniedError, APIError):
    """As `aiollm.PermissionDeniedError`."""

    _positions = ("message", "llm_provider", "model")
    _in_openai = ("PermissionDeniedError",)


class NotFoundError(own.NotFoundError, APIError):
    """As `aiollm.NotFoundError`."""

    _positions = ("message", "model", "llm_provider")
    _in_openai = ("NotFoundError",)


class RateLimitError(own.RateLimitError, APIError):
    """As `aiollm.RateLimitError`."""

    _positions = ("message", "llm_provider", "model")
    _in_openai = ("RateLimitError",)


class InternalServerError(own.InternalServerError, APIError):
    """As `aiollm.InternalServerError`."""

    _positions = ("message", "llm_provider", "model")
    _in_openai = ("InternalServerError",)


class BadGatewayError(own.BadGatewayError, APIError):
    """As `aiollm.BadGatewayError`."""

    _positions = ("message", "llm_provider", "model")
    _in_openai = ("APIStatusError",)


class ServiceUnavailableError(own.ServiceUnavailableError, APIError):
    """As `aiollm.ServiceUnavailableError`."""

    _positions = ("message", "llm_provider", "model")
    _in_openai = ("APIStatusError",)


class MidStreamFallbackError(own.StreamInterrupted, ServiceUnavailableError):
    """As `aiollm.StreamInterrupted`: an answer broke off; `partial` has what came."""

    _positions = ("message", "model", "llm_provider")


class APIConnectionError(own.APIConnectionError, APIError):
    """As `aiollm.APIConnectionError`."""

    _positions = ("message", "llm_provider", "model")
    _in_openai = ("APIConnectionError",)


class Timeout(own.Timeout, APIConnectionError):
    """As `aiollm.Timeout`."""

    _positions = ("message", "model", "llm_provider")
    _in_openai = ("APITimeoutError",)


class APIResponseValidationError(own.APIResponseValidationError, APIError):
    """As `aiollm.APIResponseValidationError`."""

    _positions = ("message", "llm_provider", "model")
    _in_openai = ("APIResponseValidationError",)


_TWINS: Mapping[type[own.APIError], type[APIError]] = {
    twin.__bases__[0]: twin
    for twin in list(globals().values())
    if isinstance(twin, type) and issubclass(twin, APIError)
}


def as_litellm(error: own.APIError) -> own.APIError:
    """Make an error of aiollm one of this module, and of openai's where that is loaded; the object stays the same."""
    kind: Any = type(error).__dict__.get("_made_for", type(error))
    error.__class__ = _raised_as(kind, "openai" in sys.modules)
    return error


@contextmanager
def litellm_errors() -> Generator[None, None, None]:
    """Make what is raised inside the block an error of this module."""
    try:
        yield
    except own.APIError as error:
        as_litellm(error)
        raise


@cache
def _raised_as(kind: Any, openai_is_loaded: bool) -> Any:
    """Return the class that an error of a kind, which is a class, is raised as."""
    twin = kind if issubclass(kind, APIError) else next(_TWINS[cls] for cls in kind.__mro__ if cls in _TWINS)
    bases: list[type] = [twin] if issubclass(twin, kind) else [kind, twin]
    if openai_is_loaded:
        names = twin._in_openai  # pyright: ignore[reportPrivateUsage]  # not for users
        bases += [getattr(sys.modules["openai"], name) for name in names]
    return type(kind.__name__, tuple(bases), {"__doc__": kind.__doc__, "__module__": __name__, "_made_for": kind})


def _rebuilt(kind: type[own.APIError], facts: Mapping[str, Any]) -> own.APIError:
    error = kind(message=facts["message"])
    error.__dict__.update(facts)
    return as_litellm(error)

"""Every error a call can end with, under LiteLLM's names.

    APIError                            whatever a provider, the network or the request's own faults cause
    ├── BadRequestError                 400
    │   ├── ContextWindowExceededError
    │   ├── ContentPolicyViolationError
    │   ├── UnsupportedParamsError
    │   └── UnprocessableEntityError    422
    ├── AuthenticationError             401
    ├── PermissionDeniedError           403
    ├── NotFoundError                   404
    ├── RateLimitError                  429
    ├── InternalServerError             500
    ├── BadGatewayError                 502
    ├── ServiceUnavailableError         503
    │   └── OverloadedError             529
    ├── APIConnectionError              no answer came
    │   ├── DNSError, ConnectError, TLSError, ProxyError
    │   └── Timeout
    │       └── ConnectTimeout, FirstTokenTimeout, IdleTimeout, TotalTimeout
    ├── APIResponseValidationError      an answer came that is none
    │   └── UnexpectedContentType, InvalidChunk, EventTooLarge, ToolCallIncomplete
    └── StreamInterrupted               the answer broke off (reset, cut); the original is `__cause__`
        ├── StreamTruncated             the body ended cleanly, but without the answer's own end
        └── ReaderTooSlow               one of several readers of the answer fell too far behind the others
    BudgetExceededError, StreamCancelled, WrongLoopError, UnsupportedRuntime stand beside it.

`except APIError` catches all that the outside world does to a call, `except Timeout` the clocks. An error that a
provider reports in the middle of a stream has the class of its status, with the answer so far in `partial`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from aiollm.types.shape import JSON

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "AuthenticationError",
    "BadGatewayError",
    "BadRequestError",
    "BudgetExceededError",
    "ConnectError",
    "ConnectTimeout",
    "ContentPolicyViolationError",
    "ContextWindowExceededError",
    "DNSError",
    "EventTooLarge",
    "FirstTokenTimeout",
    "IdleTimeout",
    "InternalServerError",
    "InvalidChunk",
    "MidStreamFallbackError",
    "NotFoundError",
    "OverloadedError",
    "PermissionDeniedError",
    "ProxyError",
    "RateLimitError",
    "ReaderTooSlow",
    "ServiceUnavailableError",
    "StreamCancelled",
    "StreamInterrupted",
    "StreamTruncated",
    "TLSError",
    "Timeout",
    "ToolCallIncomplete",
    "TotalTimeout",
    "UnexpectedContentType",
    "UnprocessableEntityError",
    "UnsupportedParamsError",
    "UnsupportedRuntime",
    "WrongLoopError",
]


class APIError(Exception):
    """A call failed. All arguments but the message are optional; what is not known is None.

    Attributes:
        message: what happened, where, and what to do about it; never a secret.
        model: the model as the provider knows it.
        llm_provider: the provider's name.
        status_code: the HTTP status; where none came, the one that fits best (a LiteLLM habit).
        code, type, param, body: the provider's own words: its code, kind, parameter and the whole error object.
        request_id: the provider's id of the request.
        headers: the reply's headers, names in lower case.
        retry_after: seconds to wait before another try, as the provider asks.
        retryable: whether the same request may succeed later or elsewhere.
        host: the host (and port) that was asked.
        phase: how far the call got: "request", "connect", "headers", "first_token" or "stream".
        attempt: which attempt this was, from 1.
        attempts: all attempts of the call, in order, with what became of each; see `Attempt`. Empty where nothing was
            sent.
        elapsed: seconds from the start of the call to the error.
        partial: the answer so far, a `ModelResponse`, when content had come.
        usage: the tokens counted so far, when the provider told.
        hint: what to do next, when that is more than the message says.
    """

    default_status: ClassVar[int | None] = 500
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str = "",
        *,
        model: str | None = None,
        llm_provider: str | None = None,
        status_code: int | None = None,
        code: str | int | None = None,
        type: str | None = None,
        param: str | None = None,
        body: Any = None,
        request_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
        host: str | None = None,
        phase: str | None = None,
        attempt: int | None = None,
        attempts: tuple[Any, ...] = (),
        elapsed: float | None = None,
        partial: Any = None,
        usage: Any = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.model = model
        self.llm_provider = llm_provider
        self.status_code: int | None = self.default_status if status_code is None else status_code
        self.code = code
        self.type = type
        self.param = param
        self.body = body
        self.request_id = request_id
        self.headers = headers
        self.retry_after = retry_after
        self.retryable: bool = self.default_retryable if retryable is None else retryable
        self.host = host
        self.phase = phase
        self.attempt = attempt
        self.attempts = attempts
        self.elapsed = elapsed
        self.partial = partial
        self.usage = usage
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.__dict__.copy())

    def with_context(self, **facts: Any) -> Self:
        """Fill in attributes that are still unknown, and return the same error."""
        for name, value in facts.items():
            if getattr(self, name) in (None, ()):
                setattr(self, name, value)
        return self


def _rebuild(cls: type[APIError], attributes: dict[str, Any]) -> APIError:
    error = cls(attributes["message"])
    error.__dict__.update(attributes)
    return error


class BadRequestError(APIError):
    """The request is wrong, and will be wrong again."""

    default_status: ClassVar[int | None] = 400


class ContextWindowExceededError(BadRequestError):
    """The prompt (with the tokens asked for) is longer than the model takes."""


class ContentPolicyViolationError(BadRequestError):
    """The provider refuses the prompt or the answer for its content."""

    @property
    def filter_result(self) -> Mapping[str, Any] | None:
        """What Azure's filter found: category -> `{"filtered": ..., "severity": ...}`; None where nothing is told."""
        found: JSON = self.body
        for name in ("error", "innererror"):
            found = found.get(name, found) if isinstance(found, Mapping) else None
        result: JSON = found.get("content_filter_result") if isinstance(found, Mapping) else None
        return result if isinstance(result, Mapping) else None


class UnsupportedParamsError(BadRequestError):
    """The provider does not take a parameter; `drop_params=True` leaves it out instead."""


class UnprocessableEntityError(BadRequestError):
    """The request is well formed, and the provider cannot act on it."""

    default_status: ClassVar[int | None] = 422


class AuthenticationError(APIError):
    """The key is missing, malformed or refused."""

    default_status: ClassVar[int | None] = 401


class PermissionDeniedError(APIError):
    """The key is known and may not do this."""

    default_status: ClassVar[int | None] = 403


class NotFoundError(APIError):
    """The model, deployment or path does not exist there."""

    default_status: ClassVar[int | None] = 404


class RateLimitError(APIError):
    """Too many requests or tokens, or no quota left; see `retry_after`."""

    default_status: ClassVar[int | None] = 429
    default_retryable = True


class InternalServerError(APIError):
    """The provider failed."""

    default_status: ClassVar[int | None] = 500
    default_retryable = True


class BadGatewayError(APIError):
    """A server in front of the provider got no valid answer from it."""

    default_status: ClassVar[int | None] = 502
    default_retryable = True


class ServiceUnavailableError(APIError):
    """The provider cannot serve now."""

    default_status: ClassVar[int | None] = 503
    default_retryable = True


class OverloadedError(ServiceUnavailableError):
    """The provider has more requests than it can serve."""

    default_status: ClassVar[int | None] = 529


class APIConnectionError(APIError):
    """No answer came: the connection failed, or broke before the answer began."""

    default_retryable = True


class DNSError(APIConnectionError):
    """The host's name has no address."""


class ConnectError(APIConnectionError):
    """The host refused the connection, or cannot be reached."""


class TLSError(APIConnectionError):
    """The TLS handshake failed; a certificate that is not trusted, mostly."""

    default_retryable = False


class ProxyError(APIConnectionError):
    """The HTTP proxy refused or failed."""


class Timeout(APIConnectionError):
    """One of the call's clocks ran out."""

    default_status: ClassVar[int | None] = 408


class ConnectTimeout(Timeout):
    """No connection within `Timeouts.connect`."""


class FirstTokenTimeout(Timeout):
    """No content within `Timeouts.first_token` of sending the request."""


class IdleTimeout(Timeout):
    """No further content within `Timeouts.idle`; heartbeats do not count as content."""


class TotalTimeout(Timeout):
    """The call took longer than `Timeouts.total`."""


class APIResponseValidationError(APIError):
    """The reply is not what its protocol says."""


class UnexpectedContentType(APIResponseValidationError):
    """The reply is a web page, or in an encoding that cannot be read, or empty."""


class InvalidChunk(APIResponseValidationError):
    """An event of the stream is not the JSON it should be."""


class EventTooLarge(APIResponseValidationError):
    """An event or body is longer than its limit."""


class ToolCallIncomplete(APIResponseValidationError):
    """The stream ended with tool arguments that are not complete JSON."""


class StreamInterrupted(APIError):
    """The answer broke off: the connection was reset or cut. `partial` has what came."""

    default_status: ClassVar[int | None] = 503


class StreamTruncated(StreamInterrupted):
    """The body ended cleanly, but the answer has neither a finish reason nor an end marker."""


class ReaderTooSlow(StreamInterrupted):
    """This reader of an answer that several share fell too far behind the others, who go on."""


MidStreamFallbackError = StreamInterrupted


class BudgetExceededError(Exception):
    """A spending limit is reached; nothing was sent.

    Attributes:
        current_cost: what is spent and reserved, in the unit of the limit: USD, or tokens.
        max_budget: the limit.
    """

    def __init__(
        self, message: str = "", *, current_cost: float | None = None, max_budget: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.current_cost = current_cost
        self.max_budget = max_budget


class StreamCancelled(Exception):
    """The stream was cancelled from outside the task that reads it: by its scope, or because it was closed elsewhere.

    Attributes:
        partial: the answer so far, a `ModelResponse`, when content had come.
        usage: the tokens counted so far, when the provider told.
    """

    partial: Any = None
    usage: Any = None


class WrongLoopError(RuntimeError):
    """A stream or pool was used on another event loop than its own."""


class UnsupportedRuntime(RuntimeError):
    """The library was used under an event loop that is not asyncio's."""

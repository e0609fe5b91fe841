"""How often errors are retried or borne, by their class: LiteLLM's `RetryPolicy` and `AllowedFailsPolicy`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import asdict

from aiollm import exceptions
from aiollm.exceptions import APIError
from aiollm.types.nearest import nearest
from aiollm.types.shape import is_mapping

__all__ = ["AllowedFailsPolicy", "RetryPolicy", "allowed_fails_by_class", "retries_by_class"]

DEFAULT = "DefaultRetries"

_CLASSES: Mapping[str, type[APIError]] = {
    "BadRequestError": exceptions.BadRequestError,
    "AuthenticationError": exceptions.AuthenticationError,
    "TimeoutError": exceptions.Timeout,
    "RateLimitError": exceptions.RateLimitError,
    "ContentPolicyViolationError": exceptions.ContentPolicyViolationError,
    "InternalServerError": exceptions.InternalServerError,
    "ServiceUnavailableError": exceptions.ServiceUnavailableError,
    "NotFoundError": exceptions.NotFoundError,
}


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often a router tries again at the most, by the class of the error; None for its `num_retries`.

    A class that is given here is tried again even where that is not likely to help.
    """

    BadRequestErrorRetries: int | None = None
    AuthenticationErrorRetries: int | None = None
    TimeoutErrorRetries: int | None = None
    RateLimitErrorRetries: int | None = None
    ContentPolicyViolationErrorRetries: int | None = None
    InternalServerErrorRetries: int | None = None
    ServiceUnavailableErrorRetries: int | None = None
    NotFoundErrorRetries: int | None = None
    DefaultRetries: int | None = None


class AllowedFailsPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How many failures a minute of a class a router bears before it leaves a deployment alone.

    None for its `allowed_fails`. The classes of a wrong request count only when they are given here.
    """

    BadRequestErrorAllowedFails: int | None = None
    AuthenticationErrorAllowedFails: int | None = None
    TimeoutErrorAllowedFails: int | None = None
    RateLimitErrorAllowedFails: int | None = None
    ContentPolicyViolationErrorAllowedFails: int | None = None
    InternalServerErrorAllowedFails: int | None = None
    ServiceUnavailableErrorAllowedFails: int | None = None
    NotFoundErrorAllowedFails: int | None = None


def retries_by_class(argument: str, given: Any) -> tuple[dict[type[APIError], int], int | None]:
    """Return the retries of a `RetryPolicy`, or of a dict like one, by class, and those of all other classes.

    Raises:
        ValueError: it is neither.
    """
    counts = _counts(argument, given, RetryPolicy)
    default = counts.pop(DEFAULT, None)
    return {_CLASSES[name.removesuffix("Retries")]: count for name, count in counts.items()}, default


def allowed_fails_by_class(argument: str, given: Any) -> dict[type[APIError], int]:
    """Return the failures of an `AllowedFailsPolicy`, or of a dict like one, by class.

    Raises:
        ValueError: it is neither.
    """
    counts = _counts(argument, given, AllowedFailsPolicy)
    return {_CLASSES[name.removesuffix("AllowedFails")]: count for name, count in counts.items()}


def _counts(argument: str, given: Any, kind: type[RetryPolicy | AllowedFailsPolicy]) -> dict[str, int]:
    if given is None:
        return {}
    counts = asdict(given) if isinstance(given, kind) else given
    if not is_mapping(counts):
        raise ValueError(f"{argument} must be a {kind.__name__} or a dict like one; got a {type(given).__name__}")
    known = kind.__struct_fields__
    for name, count in counts.items():
        if name not in known:
            near = nearest(str(name), known, n=1)
            meant = f": did you mean {near[0]}?" if near else f"; it has {', '.join(known)}"
            raise ValueError(f"{argument} has no {name}{meant}")
        if count is not None and not (type(count) is int and count >= 0):
            raise ValueError(f"{argument}.{name} must be a whole number from 0; got {count!r}")
    return {name: count for name, count in counts.items() if count is not None}

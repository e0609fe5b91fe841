"""A provider's words without the caller's key: careless servers quote it back in their errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.exceptions import APIError
from aiollm.types.secret import Secret

__all__ = ["redact"]

_SHORTEST_KEY = 8
"""Shorter keys are placeholders for servers that want none ("none", "x"): they are words of messages, and no secret."""

_QUOTING = ("message", "hint", "code", "type", "param", "body", "request_id", "headers")


def redact(error: APIError, secret: Secret | None) -> None:
    """Replace the key by `***` wherever an error shows it.

    Its traceback is dropped too, and an error that it took the place of: they are internal, and hold the raw reply.
    """
    error.__traceback__ = None
    if error.__suppress_context__:
        error.__context__ = None
    if secret is None or len(key := secret.reveal()) < _SHORTEST_KEY:
        return
    for name in _QUOTING:
        setattr(error, name, _without(getattr(error, name), key))
    error.args = (error.message,)


def _without(value: Any, key: str) -> Any:
    if isinstance(value, str):
        return value.replace(key, "***")
    if isinstance(value, Mapping):
        return {_without(name, key): _without(item, key) for name, item in value.items()}
    if isinstance(value, list):
        return [_without(item, key) for item in value]
    return value

"""A provider's words without the caller's key: careless servers quote it back in their errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.engine.call import Call
from aiollm.exceptions import APIError
from aiollm.types.shape import JSON

__all__ = ["redact", "secrets_of"]

_SHORTEST_KEY = 8
"""Shorter keys are placeholders for servers that want none ("none", "x"): they are words of messages, and no secret."""

_QUOTING = ("message", "hint", "code", "type", "param", "body", "request_id", "headers")

_CREDENTIAL_NAMES = ("authorization", "cookie", "key", "secret", "token")
"""Parts of the names of headers and options that hold credentials."""


def secrets_of(call: Call) -> list[str]:
    """Return what a call knows and nobody may see: its key, and the credentials among the caller's headers."""
    target = call.target
    secrets: list[str] = [target.secret.reveal()] if target.secret is not None else []
    secrets += [value for name, value in target.options.items() if isinstance(value, str) and _is_credential(name)]
    if target.keys is not None:
        secrets += [target.keys.secret_access_key, target.keys.session_token or ""]
    for name, value in call.request.extra_headers.items():
        if _is_credential(name):
            secrets.append(value.split()[-1] if value.split() else "")  # without "Bearer"
    return [secret for secret in secrets if len(secret) >= _SHORTEST_KEY]


def _is_credential(name: str) -> bool:
    return any(part in name.lower() for part in _CREDENTIAL_NAMES)


def redact(error: APIError, secrets: list[str]) -> None:
    """Replace each secret by `***` wherever an error shows it.

    Its traceback is dropped too, and an error that it took the place of: they are internal, and hold the raw reply.
    """
    error.__traceback__ = None
    if error.__suppress_context__:
        error.__context__ = None
    for secret in secrets:
        for name in _QUOTING:
            setattr(error, name, _without(getattr(error, name), secret))
    error.args = (error.message,)


def _without(value: JSON, secret: str) -> Any:
    if isinstance(value, str):
        return value.replace(secret, "***")
    if isinstance(value, Mapping):
        return {_without(name, secret): _without(item, secret) for name, item in value.items()}
    if isinstance(value, list):
        return [_without(item, secret) for item in value]
    return value

"""A token from the caller's own function."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from aiollm.exceptions import AuthenticationError
from aiollm.types.secret import HiddenText, Secret

__all__ = ["fresh_token"]


async def fresh_token(source: Callable[[], Any], name: str) -> Secret:
    """Ask a function for a token.

    Args:
        source: a plain function, which runs in a thread because it may have to ask the network, or an asynchronous one.
        name: the argument that it was given as, for messages.

    Raises:
        AuthenticationError: it failed (its own exception is the cause), or gave no token.

    Cancelling stops waiting; a plain function runs to its end all the same.
    """
    try:
        given = source() if inspect.iscoroutinefunction(source) else await asyncio.to_thread(source)
        if inspect.isawaitable(given):
            given = await given
    except Exception as error:
        raise AuthenticationError(f"{name} failed with {type(error).__name__}", param=name, phase="request") from error
    token = _secret(HiddenText(given) if isinstance(given, str) else given)
    del given  # a traceback that captures locals would show it
    if isinstance(token, Secret):
        return token
    raise AuthenticationError(f"{name} gave what is no token: it {token}", param=name, phase="request")


def _secret(value: Any) -> Secret | str:
    """Return the secret, or what is wrong with it."""
    try:
        return value if isinstance(value, Secret) else Secret(value)
    except ValueError as error:
        return str(error)

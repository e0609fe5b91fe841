"""Signing a request with a key. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from aiollm.providers.provider import Provider, Target
from aiollm.types.secret import HiddenText

__all__ = ["authenticate"]


def authenticate(headers: Mapping[str, str], target: Target) -> dict[str, str]:
    """Return the headers with the target's credential in them.

    Args:
        headers: the request's headers, the caller's own among them; one that is there already (in any case) wins.
        target: where the request goes.

    Returns:
        New headers. Values that hold the credential are `HiddenText`: their repr is `***`.
    """
    if target.secret is None:
        return dict(headers)
    given = {name.lower() for name in headers}
    key = target.secret.reveal()
    signed = {
        name: HiddenText(template.replace("{key}", key))
        for name, template in _templates(target.provider, key).items()
        if name.lower() not in given
    }
    return {**headers, **signed}


def _templates(provider: Provider, key: str) -> Mapping[str, str]:
    """Return the headers that carry such a key."""
    return next((headers for start, headers in provider.auth_for.items() if key.startswith(start)), provider.auth)

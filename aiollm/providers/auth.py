"""Signing a request with a key. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from aiollm.providers.provider import Target
from aiollm.types.secret import HiddenText

__all__ = ["authenticate"]

_BEARER = {"Authorization": "Bearer {key}"}


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
        for name, template in (_BEARER if target.bearer else target.provider.auth).items()
        if name.lower() not in given
    }
    return {**headers, **signed}

"""Signing a request with a key, or with the keys of a cloud. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from aiollm.providers.provider import Provider, Target
from aiollm.providers.sigv4 import sign
from aiollm.types.secret import HiddenText
from aiollm.wire.http import HttpRequest

__all__ = ["authenticate", "signed_headers"]

_BEARER = {"Authorization": "Bearer {key}"}

_MOST_CREDENTIALS = 64
"""How many keys are remembered as headers: few, because they outlast the calls."""


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
    return {**headers, **_credential(target.provider, target.secret.reveal(), target.bearer, tuple(headers))}


def signed_headers(http: HttpRequest, target: Target, now: float) -> dict[str, str]:
    """Return the headers of a finished request with the target's key, or with the signature of its keys, in them.

    Args:
        http: the request as it will be sent; a caller's own `Authorization` among its headers wins.
        target: where it goes, and what it is signed with.
        now: seconds since the epoch.
    """
    if target.keys is None or any(name.lower() == "authorization" for name in http.headers):
        return authenticate(http.headers, target)
    region, service = target.options["aws_region_name"], target.provider.service
    return sign(http, target.keys, region=region, service=service, now=now)


@lru_cache(_MOST_CREDENTIALS)
def _credential(provider: Provider, key: str, bearer: bool, given: tuple[str, ...]) -> Mapping[str, str]:
    """Return the headers that carry a key, but for those whose names are given."""
    templates = _BEARER if bearer else _templates(provider, key)
    names = set(map(str.lower, given))
    return {
        name: HiddenText(template.replace("{key}", key))
        for name, template in templates.items()
        if name.lower() not in names
    }


def _templates(provider: Provider, key: str) -> Mapping[str, str]:
    """Return the headers that carry such a key."""
    for start, headers in provider.auth_for.items():
        if key.startswith(start):
            return headers
    return provider.auth

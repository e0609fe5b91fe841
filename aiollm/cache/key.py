"""The key of a call: the digest of everything that its answer depends on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from aiollm.providers.provider import Target
from aiollm.providers.registry import Api
from aiollm.types.request import Request

__all__ = ["cache_key", "group_key", "target_key"]

KEY_VERSION = 1
"""Part of every key: when what a key covers changes, no key of before is found again."""


def cache_key(api: Api, request: Request, target: str, namespace: str = "") -> str:
    """Return the key of a call, 64 hexadecimal digits from which nothing can be read.

    Two calls have the same key when the same would be sent with the same credentials, whether the answer is streamed
    or not. The members of `params`, `extra_body` and of each message may stand in any order. Further down the order
    counts: that of a schema's properties is the order in which the answer is written.

    Args:
        api: what is asked for; an answer of one API is none of another.
        request: what is asked.
        target: where and as whom, as `target_key` gives it.
        namespace: keeps apart what would be the same.

    Raises:
        TypeError, RecursionError: the request holds what cannot be written as JSON; it cannot be sent either.
    """
    asked = (
        request.model,
        [_sorted(message) for message in request.messages],
        _sorted({name: value for name, value in request.params.items() if name != "stream_options"}),
        _sorted(request.extra_body),
        _headers(request.extra_headers),
        request.drop_params,
        request.additional_drop_params,
        sorted(request.allowed_openai_params),
        request.metadata.get("user_id"),
    )
    return _digest((KEY_VERSION, namespace, api, target, asked))


def target_key(target: Target) -> str:
    """Return the digest of where a call goes, and of all of the credentials that it goes with.

    Credentials that a call asks for when it goes out (a profile's, a role's, the machine's own) are covered by the
    options that name them.
    """
    provider, endpoint, keys = target.provider, target.endpoint, target.keys
    place = (
        (provider.name, provider.dialect, target.model),
        endpoint.url,
        _headers(endpoint.headers),
        _sorted(endpoint.members),
        _sorted(endpoint.renames),
        sorted(endpoint.unsupported),
        [quirk.__qualname__ for quirk in endpoint.quirks],
    )
    credentials = (
        target.secret and target.secret.reveal(),
        target.bearer,
        keys and (keys.access_key_id, keys.secret_access_key, keys.session_token),
        _sorted(target.options),
    )
    return _digest((place, _digest(credentials)))


def group_key(members: Iterable[str], tags: Iterable[str]) -> str:
    """Return the digest of a group of places, of which any may give the answer.

    Args:
        members: what makes each of them another than the rest.
        tags: what the choice of one depends on besides.
    """
    return _digest((sorted(members), sorted(tags)))


def _headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    return _sorted({name.lower(): value for name, value in headers.items()})


def _sorted(members: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(members.items(), key=_name)


def _name(member: tuple[str, Any]) -> str:
    return member[0]


def _digest(parts: Iterable[Any]) -> str:
    return sha256(msgspec.json.encode(parts, enc_hook=_text)).hexdigest()


def _text(value: Any) -> str:
    """Return hidden text for the digest."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")

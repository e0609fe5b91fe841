"""The one thing the engine asks of this room: a target with what its request is to be signed with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiollm.credentials import aws, oauth
from aiollm.providers.identity import IdentityKind
from aiollm.providers.provider import Target

__all__ = ["identify"]

_SOURCES: Mapping[IdentityKind, Callable[[Target], Awaitable[Target]]] = {
    "aws": aws.identify,
    "databricks": oauth.identify_databricks,
    "ibm": oauth.identify_ibm,
}
_EXCHANGED = frozenset({"ibm"})
"""Where a key is no more than what a token is asked for with."""


async def identify(target: Target) -> Target:
    """Return the target with its credentials; the target itself when it has a key that is sent, or needs none.

    Raises:
        AuthenticationError: there are none, or they were refused; the message says where they were looked for.
        BadRequestError: an option that says who calls is missing or wrong.

    Cancelling leaves at once; a fetch that others may wait for goes on in its thread.
    """
    kind = target.provider.identity
    if kind is None or (target.secret is not None and kind not in _EXCHANGED):
        return target
    return await _SOURCES[kind](target)

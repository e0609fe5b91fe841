"""The one thing the engine asks of this room: a target with what its request is to be signed with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiollm.credentials import aws, google, oauth
from aiollm.providers.identity import IdentityKind
from aiollm.providers.provider import Target

__all__ = ["identify"]

_SOURCES: Mapping[IdentityKind, Callable[[Target], Awaitable[Target]]] = {
    "aws": aws.identify,
    "databricks": oauth.identify_databricks,
    "google": google.identify,
    "ibm": oauth.identify_ibm,
}


async def identify(target: Target) -> Target:
    """Return the target with its credentials, where it has none yet, and in the place that they belong to.

    Raises:
        AuthenticationError: there are none, or they were refused; the message says where they were looked for.
        BadRequestError: an option that says who calls is missing or wrong.

    Cancelling leaves at once; a fetch that others may wait for goes on in its thread.
    """
    kind = target.provider.identity
    return target if kind is None else await _SOURCES[kind](target)

"""One call, with everything that is known of it before it is sent."""

from __future__ import annotations

import msgspec

from aiollm.core.call_scope import CallScope
from aiollm.providers.provider import Target
from aiollm.types.request import Request

__all__ = ["Call"]


class Call(msgspec.Struct, frozen=True, eq=False):
    """A request on its way to a target.

    Attributes:
        request: what is asked.
        target: the provider, the endpoint and the key.
        scope: when it began, what it may take, and what cancels it.
        attempt: which attempt this is, from 1.
    """

    request: Request
    target: Target
    scope: CallScope
    attempt: int = 1

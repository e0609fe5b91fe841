"""One call, with everything that is known of it before it is sent."""

from __future__ import annotations

import msgspec

from aiollm.core.scope import CancelScope
from aiollm.providers.provider import Target
from aiollm.types.request import Request
from aiollm.types.timeouts import Timeouts

__all__ = ["Call"]


class Call(msgspec.Struct, frozen=True, eq=False):
    """A request on its way to a target.

    Attributes:
        request: what is asked.
        target: the provider, the endpoint and the key.
        timeouts: the four clocks, in seconds.
        scope: cancels the call; its deadline is the total clock.
        started: when the call began, in the loop's time.
        attempt: which attempt this is, from 1.
    """

    request: Request
    target: Target
    timeouts: Timeouts
    scope: CancelScope
    started: float
    attempt: int = 1
